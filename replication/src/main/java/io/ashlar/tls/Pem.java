package io.ashlar.tls;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;

/** Certificates and EC keys as text (RFC 7468). Pure. */
public final class Pem {
  /** How a private key begins, after certificates in the same file perhaps. */
  public static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";

  private static final String KEY_END = "-----END PRIVATE KEY-----";

  private Pem() {}

  /**
   * @throws CertificateException if there is none, or one that is broken
   */
  public static List<X509Certificate> certificates(String text) throws CertificateException {
    List<X509Certificate> found =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(
                new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)))
            .stream()
            .map(X509Certificate.class::cast)
            .toList();
    if (found.isEmpty()) {
      throw new CertificateException("there is no certificate in the text");
    }
    return found;
  }

  /**
   * @throws GeneralSecurityException if it is no EC key in PKCS #8
   */
  public static PrivateKey key(String text) throws GeneralSecurityException {
    String body = text.replace(KEY_BEGIN, "").replace(KEY_END, "");
    byte[] der;
    try {
      der = Base64.getMimeDecoder().decode(body);
    } catch (IllegalArgumentException broken) {
      throw new GeneralSecurityException("the text is no private key", broken);
    }
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  public static String of(List<X509Certificate> certificates) {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : certificates) {
      try {
        text.append(block("CERTIFICATE", certificate.getEncoded()));
      } catch (CertificateException broken) {
        throw new IllegalStateException("a certificate that was read cannot be written", broken);
      }
    }
    return text.toString();
  }

  public static String of(PrivateKey key) {
    return block("PRIVATE KEY", key.getEncoded());
  }

  private static String block(String kind, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n";
  }
}
