/**
 * Several disks as one place for replicas: {@link io.ashlar.store.pool.DiskPool} knows which disks
 * are there, {@link io.ashlar.store.pool.PoolReplica} which of them has which shard of a replica.
 * Each disk is an engine of its own ({@link io.ashlar.store.LogStore}) that fails alone.
 */
package io.ashlar.store.pool;
