/**
 * Links over TCP with Netty: frames of {@code io.ashlar.wire}, one connection a link. Everything
 * runs on the node's one data loop, so that a message goes from the socket to the machine without a
 * thread hop.
 */
package io.ashlar.net;
