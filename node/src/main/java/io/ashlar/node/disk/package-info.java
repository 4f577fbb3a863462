/**
 * Which disks are the node's: finds them among the machine's block devices, reading only, and keeps
 * which were in use last. Knows no store.
 */
package io.ashlar.node.disk;
