package io.ashlar.controller;

import io.ashlar.controller.csi.ClaimLabels;
import io.ashlar.controller.kubernetes.KubernetesClients;
import io.ashlar.controller.kubernetes.PersistentVolumeClaims;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.LeaderElection;
import io.ashlar.controller.store.kubernetes.KubernetesStore;
import io.ashlar.controller.store.kubernetes.LeaseElection;
import io.fabric8.kubernetes.client.KubernetesClient;

/** Controllers in a Kubernetes cluster: its API. */
final class KubernetesBackend implements Backend {
  private final KubernetesClient client = KubernetesClients.open();
  private final KubernetesStore store = new KubernetesStore(client);
  private final String namespace;
  private final String name;

  /**
   * @param namespace of this installation, where its lease is
   * @param name of this controller, that of its pod
   */
  KubernetesBackend(String namespace, String name) {
    this.namespace = namespace;
    this.name = name;
  }

  @Override
  public ClusterStore store() {
    return store;
  }

  @Override
  public LeaderElection election() {
    return new LeaseElection(client, namespace, name);
  }

  @Override
  public ClaimLabels claims() {
    return new PersistentVolumeClaims(client);
  }

  @Override
  public void close() {
    store.close();
    client.close();
  }
}
