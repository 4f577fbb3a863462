/**
 * The device holder: a tiny process that keeps FUSE descriptors while the node daemon restarts, and
 * the daemon's side of the conversation. No other package of ours is needed in the holder but
 * {@code io.ashlar.sys}, the volume id and the bounded log.
 */
package io.ashlar.node.frontend.fuse.holder;
