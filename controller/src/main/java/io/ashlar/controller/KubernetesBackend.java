package io.ashlar.controller;

import io.ashlar.controller.ControllerConfig.BackendConfig;
import io.ashlar.controller.csi.ClaimLabels;
import io.ashlar.controller.kubernetes.AuthoritySecret;
import io.ashlar.controller.kubernetes.KubernetesClients;
import io.ashlar.controller.kubernetes.PersistentVolumeClaims;
import io.ashlar.controller.kubernetes.ServiceAccountTokens;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.LeaderElection;
import io.ashlar.controller.store.kubernetes.KubernetesStore;
import io.ashlar.controller.store.kubernetes.LeaseElection;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Optional;

/** Controllers in a Kubernetes cluster: its API. */
final class KubernetesBackend implements Backend {
  private final KubernetesClient client = KubernetesClients.open();
  private final KubernetesStore store = new KubernetesStore(client);
  private final BackendConfig.Kubernetes config;
  private final Optional<Trust> trust;

  KubernetesBackend(BackendConfig.Kubernetes config) {
    this.config = config;
    this.trust = config.tlsSecret().map(this::trust);
  }

  private Trust trust(String secret) {
    return new Trust(
        new AuthoritySecret(client, config.namespace(), secret).open(),
        new ServiceAccountTokens(client, config.namespace(), config.nodeServiceAccount()));
  }

  @Override
  public ClusterStore store() {
    return store;
  }

  @Override
  public LeaderElection election() {
    return new LeaseElection(client, config.namespace(), config.name());
  }

  @Override
  public ClaimLabels claims() {
    return new PersistentVolumeClaims(client);
  }

  @Override
  public Optional<Trust> trust() {
    return trust;
  }

  @Override
  public void close() {
    store.close();
    client.close();
  }
}
