/**
 * Mutual TLS between daemons: who this process is, whom it believes, and contexts for connections
 * that take a renewed identity over without a restart. Knows nothing of what is said over them.
 */
package io.ashlar.tls;
