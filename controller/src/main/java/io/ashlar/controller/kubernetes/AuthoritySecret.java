package io.ashlar.controller.kubernetes;

import static java.net.HttpURLConnection.HTTP_CONFLICT;

import io.ashlar.controller.store.ClusterStore.StoreException;
import io.ashlar.controller.tls.CertificateAuthority;
import io.ashlar.tls.Pem;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The authority in a Secret that the installation makes, empty; the first controller fills it. Its
 * certificate, which is no secret, goes into a ConfigMap of the same name, for the nodes.
 */
public final class AuthoritySecret {
  private static final Logger log = LoggerFactory.getLogger(AuthoritySecret.class);
  private static final String CERTIFICATE = "tls.crt";
  private static final String KEY = "tls.key";
  private static final String PUBLISHED = "ca.crt";

  private final KubernetesClient client;
  private final String namespace;
  private final String name;

  public AuthoritySecret(KubernetesClient client, String namespace, String name) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
  }

  /**
   * Reads it, or makes it if there is none yet; blocks.
   *
   * @throws StoreException if the API does not answer, or the Secret is missing or broken
   */
  public CertificateAuthority open() {
    try {
      CertificateAuthority authority = readOrMake();
      publish(authority);
      return authority;
    } catch (KubernetesClientException failed) {
      throw new StoreException("secret " + namespace + "/" + name + " cannot be used", failed);
    } catch (GeneralSecurityException broken) {
      throw new StoreException(
          "secret " + namespace + "/" + name + " holds no authority of ours", broken);
    }
  }

  private CertificateAuthority readOrMake() throws GeneralSecurityException {
    Secret secret = client.secrets().inNamespace(namespace).withName(name).get();
    if (secret == null) {
      throw new GeneralSecurityException("there is no such secret: the installation makes it");
    }
    Map<String, String> data = secret.getData();
    if (data != null && data.containsKey(KEY)) {
      return CertificateAuthority.of(text(data.get(CERTIFICATE)), text(data.get(KEY)));
    }
    CertificateAuthority made = CertificateAuthority.create(Instant.now());
    try {
      client.secrets().inNamespace(namespace).resource(with(secret, made)).update();
      log.info("certificate authority made secret={}/{}", namespace, name);
      return made;
    } catch (KubernetesClientException refused) {
      if (refused.getCode() == HTTP_CONFLICT) {
        return readOrMake(); // another controller was faster
      }
      throw refused;
    }
  }

  private static Secret with(Secret secret, CertificateAuthority made) {
    return new SecretBuilder(secret)
        .addToData(CERTIFICATE, base64(Pem.of(List.of(made.certificate()))))
        .addToData(KEY, base64(Pem.of(made.key())))
        .build();
  }

  private void publish(CertificateAuthority authority) {
    String certificate = Pem.of(List.of(authority.certificate()));
    ConfigMap map = client.configMaps().inNamespace(namespace).withName(name).get();
    if (map == null
        || certificate.equals(map.getData() == null ? "" : map.getData().get(PUBLISHED))) {
      return;
    }
    try {
      client
          .configMaps()
          .inNamespace(namespace)
          .resource(new ConfigMapBuilder(map).addToData(PUBLISHED, certificate).build())
          .update();
    } catch (KubernetesClientException refused) {
      if (refused.getCode() != HTTP_CONFLICT) {
        throw refused;
      }
      publish(authority);
    }
  }

  private static String text(String base64) {
    return base64 == null
        ? ""
        : new String(Base64.getDecoder().decode(base64), StandardCharsets.US_ASCII);
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
