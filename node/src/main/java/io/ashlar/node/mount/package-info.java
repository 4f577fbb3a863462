/**
 * Mounts and file systems, by the system's own tools in child processes: the daemon itself never
 * touches what it serves. A child that hangs is left behind at its time limit, the daemon is not.
 *
 * <p>Everything blocks; call from platform or virtual threads, never from a loop.
 */
package io.ashlar.node.mount;
