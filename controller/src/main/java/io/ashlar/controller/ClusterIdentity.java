package io.ashlar.controller;

import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.Records;
import io.ashlar.env.Rng;

/** The random name of a cluster, made once, so that strangers' nodes and replicas can be told. */
record ClusterIdentity(String id) {
  private static final String KEY = "cluster";

  static String of(ClusterStore store, Rng rng) {
    Records<ClusterIdentity> records =
        new Records<>(store, Collection.CLUSTER, ClusterIdentity.class);
    if (records.get(KEY).isEmpty()) {
      var _ = records.create(KEY, new ClusterIdentity("%016x".formatted(rng.nextLong())));
    }
    return records.get(KEY).orElseThrow().value().id();
  }
}
