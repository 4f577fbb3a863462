/**
 * The map of a replica: where each block is, in nodes that lie in the log and are cached in memory
 * within a budget. Knows nothing of segments and batches: what it needs of the log is {@link
 * io.ashlar.store.map.NodeStore}. Loop thread only.
 */
package io.ashlar.store.map;
