package io.ashlar.controller.kubernetes;

import io.ashlar.controller.nodes.NodeTokens;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.model.NodeId;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Optional;

/**
 * Tokens of the node daemons' service account, as the kubelet projects them into the pod: bound to
 * the pod, its node and our audience. The API server says whose they are (TokenReview; the node is
 * in there since Kubernetes 1.32, KEP-4193).
 */
public final class ServiceAccountTokens implements NodeTokens {
  /** Audience of the tokens: nobody else takes them. */
  public static final String AUDIENCE = "ashlar";

  private static final String NODE = "authentication.kubernetes.io/node-name";

  private final KubernetesClient client;
  private final String user;

  public ServiceAccountTokens(KubernetesClient client, String namespace, String serviceAccount) {
    this.client = client;
    this.user = "system:serviceaccount:" + namespace + ":" + serviceAccount;
  }

  @Override
  public Optional<NodeId> nodeOf(String token) {
    if (token.isEmpty()) {
      return Optional.empty();
    }
    TokenReview review =
        new TokenReviewBuilder()
            .withNewSpec()
            .withToken(token)
            .withAudiences(AUDIENCE)
            .endSpec()
            .build();
    try {
      TokenReview reviewed = client.authentication().v1().tokenReviews().create(review);
      return node(reviewed);
    } catch (KubernetesClientException failed) {
      throw new RefusedException(
          Kind.UNREACHABLE, "tokens cannot be reviewed now: %s", failed.getMessage());
    }
  }

  private Optional<NodeId> node(TokenReview reviewed) {
    boolean ours =
        Boolean.TRUE.equals(reviewed.getStatus().getAuthenticated())
            && reviewed.getStatus().getAudiences().contains(AUDIENCE);
    return ours
        ? Optional.of(reviewed.getStatus().getUser())
            .filter(known -> user.equals(known.getUsername()))
            .map(UserInfo::getExtra)
            .map(extra -> extra.getOrDefault(NODE, List.of()))
            .filter(names -> names.size() == 1)
            .map(names -> new NodeId(names.getFirst()))
        : Optional.empty();
  }
}
