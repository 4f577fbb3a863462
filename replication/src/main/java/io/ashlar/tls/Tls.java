package io.ashlar.tls;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * The connections' side of an identity: TLS 1.3 (RFC 8446) and nothing older. An identity that
 * replaces another is used by every connection from then on; those that are open stay. Thread-safe.
 *
 * <p>BoringSSL does the work where Netty brings it for the platform, else the JDK
 * (docs/decisions/certificates.md).
 */
public final class Tls {
  private static final String PROTOCOL = "TLSv1.3";
  private static final int DNS_NAME = 2;

  private final CurrentManagers managers;

  public Tls(TlsIdentity identity) {
    this.managers = new CurrentManagers(identity);
  }

  /** Loads BoringSSL in the background: a fifth of a second, which a start has other work for. */
  public static void prepare() {
    Thread.ofPlatform().name("tls-loading").daemon().start(Tls::provider);
  }

  /** Who does the work; the first call takes a while. */
  public static SslProvider provider() {
    return OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
  }

  public void replace(TlsIdentity identity) {
    managers.replace(identity);
  }

  public TlsIdentity identity() {
    return managers.identity();
  }

  /** For a server; gRPC adds its protocol's name. */
  public SslContextBuilder server(ClientAuth clients) {
    return SslContextBuilder.forServer(managers.keys())
        .sslProvider(provider())
        .trustManager(managers.trust())
        .clientAuth(clients)
        .protocols(PROTOCOL);
  }

  /** For clients, which check the name that they expect. */
  public SslContextBuilder client() {
    return SslContextBuilder.forClient()
        .sslProvider(provider())
        .keyManager(managers.keys())
        .trustManager(managers.trust())
        .endpointIdentificationAlgorithm("HTTPS")
        .protocols(PROTOCOL);
  }

  /** Of one that cannot fail but by a broken JDK. */
  public static SslContext built(SslContextBuilder builder) {
    try {
      return builder.build();
    } catch (SSLException broken) {
      throw new IllegalStateException(provider() + " cannot do " + PROTOCOL, broken);
    }
  }

  /** What an operator is told: the innermost cause, as BoringSSL's own exception says nothing. */
  public static String reason(SSLException failed) {
    Throwable cause = failed;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /** Name of the other side, if it has said who it is and that was proved. */
  public static Optional<String> peer(SSLSession session) {
    try {
      X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
      if (certificate.getSubjectAlternativeNames() == null) {
        return Optional.empty();
      }
      for (List<?> name : certificate.getSubjectAlternativeNames()) {
        if (name.get(0).equals(DNS_NAME)) {
          return Optional.of((String) name.get(1));
        }
      }
      return Optional.empty();
    } catch (SSLPeerUnverifiedException | CertificateParsingException unknown) {
      return Optional.empty();
    }
  }
}
