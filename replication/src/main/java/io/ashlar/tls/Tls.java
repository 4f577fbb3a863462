package io.ashlar.tls;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
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
 */
public final class Tls {
  private static final String PROTOCOL = "TLSv1.3";
  private static final int DNS_NAME = 2;

  private final CurrentManagers managers;

  public Tls(TlsIdentity identity) {
    this.managers = new CurrentManagers(identity);
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
        .trustManager(managers.trust())
        .clientAuth(clients)
        .protocols(PROTOCOL);
  }

  /** For clients, which check the name that they expect. */
  public SslContextBuilder client() {
    return SslContextBuilder.forClient()
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
      throw new IllegalStateException("this JDK cannot do " + PROTOCOL, broken);
    }
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
