/**
 * Volumes over the NBD protocol (NetworkBlockDevice/nbd, doc/proto.md), for tools and for the
 * inspection of single replicas. Everything runs on the node's data loop; a payload is copied once,
 * from the socket's buffer into an aligned one of the pool. Depends on {@code io.ashlar.block} for
 * the devices and on {@code io.ashlar.net} for the loop.
 */
package io.ashlar.node.frontend.nbd;
