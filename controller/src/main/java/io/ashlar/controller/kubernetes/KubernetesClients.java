package io.ashlar.controller.kubernetes;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.time.Duration;

/** Clients of the Kubernetes API as the controller needs them. */
public final class KubernetesClients {
  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration REQUEST = Duration.ofSeconds(5);

  private KubernetesClients() {}

  /** From the pod's service account, else from {@code KUBECONFIG}. */
  public static KubernetesClient open() {
    return open(Config.autoConfigure(null));
  }

  /**
   * No request is repeated behind the caller's back: a compare-and-set whose answer got lost would
   * be told as lost to another, though it had won.
   */
  public static KubernetesClient open(Config config) {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder(config)
                .withConnectionTimeout((int) CONNECT.toMillis())
                .withRequestTimeout((int) REQUEST.toMillis())
                .withRequestRetryBackoffLimit(0)
                .build())
        .build();
  }
}
