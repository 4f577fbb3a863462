/**
 * What a replica keeps on a node's disk: the {@link io.ashlar.store.ReplicaStore} port and its
 * engine, a log of checksummed batches on an {@link io.ashlar.env.Disk}. One loop thread owns an
 * engine and all of its replicas. Knows nothing of the replication protocol: it applies what it is
 * told, in order.
 */
package io.ashlar.store;
