package io.ashlar.controller.kubernetes;

import io.ashlar.controller.csi.ClaimLabels;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Map;

/** Labels of the claim that a volume is made for. */
public final class PersistentVolumeClaims implements ClaimLabels {
  private final KubernetesClient client;

  public PersistentVolumeClaims(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Map<String, String> of(String namespace, String name) {
    try {
      PersistentVolumeClaim claim =
          client.persistentVolumeClaims().inNamespace(namespace).withName(name).get();
      if (claim == null) {
        throw new RefusedException(Kind.WRONG_STATE, "claim %s/%s does not exist", namespace, name);
      }
      Map<String, String> labels = claim.getMetadata().getLabels();
      return labels == null ? Map.of() : Map.copyOf(labels);
    } catch (KubernetesClientException failed) {
      throw new RefusedException(
          Kind.UNREACHABLE,
          "labels of claim %s/%s cannot be read now: %s",
          namespace,
          name,
          failed.getMessage());
    }
  }
}
