/**
 * A volume as a kernel block device: a FUSE file system of one file, and a direct-I/O loop device
 * on it. The daemon keeps no descriptor of its own file and runs whatever touches it in a child
 * process (fuse file, loop device, umount): a thread that waited there when the daemon is killed
 * would wait for the next daemon.
 *
 * <p>Threads: each connection has reader threads of its own (platform threads, blocked in read(2));
 * they hand requests to the volume's loop, and the loop writes the answers. The rest blocks and
 * runs on platform threads of the caller.
 */
package io.ashlar.node.frontend.fuse;
