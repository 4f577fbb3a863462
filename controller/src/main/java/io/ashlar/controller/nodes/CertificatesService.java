package io.ashlar.controller.nodes;

import io.ashlar.control.v1.CertificatesGrpc;
import io.ashlar.control.v1.IssueReply;
import io.ashlar.control.v1.IssueRequest;
import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.tls.CertificateAuthority;
import io.ashlar.tls.Pem;
import io.ashlar.tls.TlsNames;
import io.grpc.stub.StreamObserver;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** control/v1 Certificates. Refusals are thrown; the server's interceptor answers them. */
public final class CertificatesService extends CertificatesGrpc.CertificatesImplBase {
  private static final Logger log = LoggerFactory.getLogger(CertificatesService.class);
  private static final int KEY_BYTES_MAX = 256;
  private static final int TOKEN_CHARACTERS_MAX = 16 << 10;

  private final CertificateAuthority authority;
  private final NodeTokens tokens;
  private final Supplier<Instant> now;

  public CertificatesService(
      CertificateAuthority authority, NodeTokens tokens, Supplier<Instant> now) {
    this.authority = authority;
    this.tokens = tokens;
    this.now = now;
  }

  @Override
  public void issue(IssueRequest request, StreamObserver<IssueReply> observer) {
    PublicKey key = key(request);
    requireToken(request);
    X509Certificate certificate =
        authority.issue(key, TlsNames.node(request.getNodeId()), now.get());
    log.info(
        "certificate issued node={} serial={} until={}",
        request.getNodeId(),
        certificate.getSerialNumber().toString(16),
        certificate.getNotAfter().toInstant());
    observer.onNext(
        IssueReply.newBuilder()
            .setChain(Pem.of(List.of(certificate, authority.certificate())))
            .build());
    observer.onCompleted();
  }

  private static PublicKey key(IssueRequest request) {
    try {
      if (request.getPublicKey().size() > KEY_BYTES_MAX) {
        throw new GeneralSecurityException("it is too large");
      }
      return KeyFactory.getInstance("EC")
          .generatePublic(new X509EncodedKeySpec(request.getPublicKey().toByteArray()));
    } catch (GeneralSecurityException wrong) {
      throw new RefusedException(Kind.INVALID, "public_key is no EC key: %s", wrong.getMessage());
    }
  }

  private void requireToken(IssueRequest request) {
    boolean right =
        request.getToken().length() <= TOKEN_CHARACTERS_MAX
            && tokens
                .nodeOf(request.getToken())
                .filter(node -> node.value().equals(request.getNodeId()))
                .isPresent();
    if (!right) {
      throw new RefusedException(
          Kind.FORBIDDEN,
          "the token does not prove to be node '%s'",
          request.getNodeId().length() > 253 ? "..." : request.getNodeId());
    }
  }
}
