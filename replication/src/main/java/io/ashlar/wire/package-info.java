/**
 * The messages between a coordinator, its replicas and resync targets, and how they become bytes:
 * docs/protocol.md is the source of truth for the layout. No threads, no sockets.
 */
package io.ashlar.wire;
