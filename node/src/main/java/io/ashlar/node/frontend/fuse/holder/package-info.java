/**
 * The device holder: a tiny process that keeps FUSE descriptors while the node daemon restarts, and
 * the daemon's side of the conversation. No other package of ours is needed in the holder but
 * {@code io.ashlar.sys} and the volume id.
 */
package io.ashlar.node.frontend.fuse.holder;
