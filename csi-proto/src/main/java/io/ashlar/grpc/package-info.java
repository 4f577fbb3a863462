/**
 * How our gRPC servers are run and reached, whatever they serve: bounded, deaf to those who speak
 * nonsense, and between daemons over TLS, which says who they are.
 */
package io.ashlar.grpc;
