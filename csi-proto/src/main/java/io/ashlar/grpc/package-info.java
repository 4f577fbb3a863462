/**
 * How our gRPC servers are run, whatever they serve: bounded, and deaf to those who speak nonsense.
 */
package io.ashlar.grpc;
