package io.ashlar.controller.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.ashlar.control.v1.CertificatesGrpc;
import io.ashlar.control.v1.IssueReply;
import io.ashlar.control.v1.IssueRequest;
import io.ashlar.control.v1.NodesGrpc;
import io.ashlar.control.v1.RegisterReply;
import io.ashlar.control.v1.RegisterRequest;
import io.ashlar.controller.csi.StatusMapper;
import io.ashlar.controller.nodes.CertificatesService;
import io.ashlar.controller.nodes.ControlServer;
import io.ashlar.csi.server.CallInterceptor;
import io.ashlar.csi.server.CallObserver;
import io.ashlar.grpc.Channels;
import io.ashlar.model.NodeId;
import io.ashlar.tls.Pem;
import io.ashlar.tls.Tls;
import io.ashlar.tls.TlsIdentity;
import io.ashlar.tls.TlsNames;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node's way to its certificate over real TLS, and what it may call without one. */
final class CertificatesTest {
  private static final String TOKEN = "token of n1";

  private final CertificateAuthority authority = CertificateAuthority.create(Instant.now());
  private final List<ManagedChannel> channels = new ArrayList<>();
  private ControlServer server;

  /** A service that only nodes may call. */
  private static final class Nodes extends NodesGrpc.NodesImplBase {
    @Override
    public void register(RegisterRequest request, StreamObserver<RegisterReply> observer) {
      observer.onNext(RegisterReply.newBuilder().setClusterId("c").build());
      observer.onCompleted();
    }
  }

  @BeforeEach
  void serve() throws Exception {
    CertificatesService certificates =
        new CertificatesService(
            authority,
            token -> token.equals(TOKEN) ? Optional.of(new NodeId("n1")) : Optional.empty(),
            Instant::now);
    server =
        new ControlServer(
            new InetSocketAddress("127.0.0.1", 0),
            Optional.of(new Tls(authority.identity(TlsNames.CONTROLLER, Instant.now()))),
            List.of(new Nodes(), certificates),
            new CallInterceptor(new StatusMapper(), CallObserver.NONE));
  }

  @AfterEach
  void end() {
    channels.forEach(ManagedChannel::shutdownNow);
    server.close();
  }

  private ManagedChannel channel(TlsIdentity identity) {
    ManagedChannel channel =
        Channels.to(
            "127.0.0.1", server.port(), Optional.of(new Tls(identity)), TlsNames.CONTROLLER);
    channels.add(channel);
    return channel;
  }

  private TlsIdentity stranger() {
    return TlsIdentity.stranger(List.of(authority.certificate()));
  }

  private IssueReply issue(String node, String token, byte[] key) {
    return CertificatesGrpc.newBlockingStub(channel(stranger()))
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .issue(
            IssueRequest.newBuilder()
                .setNodeId(node)
                .setToken(token)
                .setPublicKey(ByteString.copyFrom(key))
                .build());
  }

  private static void register(ManagedChannel channel) {
    RegisterReply reply =
        NodesGrpc.newBlockingStub(channel)
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .register(RegisterRequest.getDefaultInstance());
    assertThat(reply.getClusterId()).isEqualTo("c");
  }

  private static Status.Code codeOf(Runnable call) {
    try {
      call.run();
      return Status.Code.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus().getCode();
    }
  }

  @Test
  void withItsTokenANodeGetsACertificateAndMayCall() throws Exception {
    KeyPair keys = CertificateAuthority.newKeys();
    String chain = issue("n1", TOKEN, keys.getPublic().getEncoded()).getChain();
    TlsIdentity node =
        new TlsIdentity(
            Optional.of(keys.getPrivate()),
            Pem.certificates(chain),
            List.of(authority.certificate()));

    register(channel(node));
    assertThat(node.chain().getFirst().getSubjectAlternativeNames())
        .anySatisfy(name -> assertThat(name.get(1)).isEqualTo("n1.node.ashlar.internal"));
  }

  @Test
  void aTokenIsGoodForItsNodeOnly() {
    byte[] key = CertificateAuthority.newKeys().getPublic().getEncoded();

    assertThat(codeOf(() -> issue("n2", TOKEN, key))).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(codeOf(() -> issue("n1", "forged", key))).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(codeOf(() -> issue("n1", "x".repeat(100_000), key)))
        .isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(codeOf(() -> issue("n1", TOKEN, new byte[] {1, 2})))
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(codeOf(() -> issue("n1", TOKEN, new byte[10_000])))
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void withoutACertificateNothingElseCanBeCalled() {
    assertThat(codeOf(() -> register(channel(stranger()))))
        .isEqualTo(Status.Code.PERMISSION_DENIED);
    TlsIdentity controller = authority.identity(TlsNames.CONTROLLER, Instant.now());
    assertThat(codeOf(() -> register(channel(controller))))
        .isEqualTo(Status.Code.PERMISSION_DENIED);
  }

  @Test
  void whatAnotherAuthorityHasSignedIsNotBelieved() {
    CertificateAuthority other = CertificateAuthority.create(Instant.now());
    TlsIdentity forged = other.identity(TlsNames.node("n1"), Instant.now());
    TlsIdentity halfForged =
        new TlsIdentity(forged.key(), forged.chain(), List.of(authority.certificate()));

    assertThat(codeOf(() -> register(channel(forged)))).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(codeOf(() -> register(channel(halfForged)))).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void aCertificateThatIsOverIsNotBelieved() {
    TlsIdentity over =
        authority.identity(
            TlsNames.node("n1"), Instant.now().minus(CertificateAuthority.VALID.plusDays(1)));

    assertThat(codeOf(() -> register(channel(over)))).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void theAuthorityComesBackFromText() throws Exception {
    CertificateAuthority read =
        CertificateAuthority.of(Pem.of(List.of(authority.certificate())), Pem.of(authority.key()));

    assertThat(read).isEqualTo(authority);
    assertThatThrownBy(() -> CertificateAuthority.of("", ""))
        .isInstanceOf(java.security.GeneralSecurityException.class);
  }
}
