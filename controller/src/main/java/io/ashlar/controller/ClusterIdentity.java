package io.ashlar.controller;

import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.env.Rng;

/** The random name of a cluster, made once, so that strangers' nodes and replicas can be told. */
final class ClusterIdentity {
  private static final String KEY = "cluster-id";

  private ClusterIdentity() {}

  static String of(ClusterStore store, Rng rng) {
    if (store.get(Collection.CLUSTER, KEY).isEmpty()) {
      String made = "%016x".formatted(rng.nextLong());
      var _ = store.create(Collection.CLUSTER, KEY, made);
    }
    return store.get(Collection.CLUSTER, KEY).orElseThrow().value();
  }
}
