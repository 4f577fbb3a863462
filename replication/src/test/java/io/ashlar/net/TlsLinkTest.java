package io.ashlar.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.AlignedPool;
import io.ashlar.env.Link;
import io.ashlar.model.NodeId;
import io.ashlar.tls.Pem;
import io.ashlar.tls.Tls;
import io.ashlar.tls.TlsIdentity;
import io.ashlar.tls.TlsNames;
import io.ashlar.wire.Message;
import io.netty.channel.Channel;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Links over real sockets with TLS: who gets through, and who does not. */
final class TlsLinkTest {
  private static final NodeId N1 = new NodeId("n1");
  private static final NodeId N2 = new NodeId("n2");
  private static final X509Bundle AUTHORITY = authority();

  private final DataLoop loop = new DataLoop("test");
  private final AlignedPool pool = new AlignedPool(1 << 20);

  private static X509Bundle authority() {
    try {
      return new CertificateBuilder()
          .subject("CN=test authority")
          .setIsCertificateAuthority(true)
          .notBefore(Instant.now().minus(Duration.ofHours(1)))
          .buildSelfSigned();
    } catch (Exception broken) {
      throw new IllegalStateException(broken);
    }
  }

  private static TlsIdentity identity(X509Bundle authority, String name) throws Exception {
    X509Bundle bundle =
        new CertificateBuilder()
            .subject("CN=test")
            .addSanDnsName(name)
            .notBefore(Instant.now().minus(Duration.ofHours(1)))
            .buildIssuedBy(authority);
    return new TlsIdentity(
        Optional.of(bundle.getKeyPair().getPrivate()),
        List.of(bundle.getCertificate()),
        List.of(authority.getCertificate()));
  }

  private NettyTransport transport(TlsIdentity identity) {
    return new NettyTransport(loop, pool, Optional.of(new Tls(identity)));
  }

  /** Remembers in words what happened. */
  private static final class Seen implements Link.Handler<Message> {
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final Optional<Message> greeting;

    Seen(Optional<Message> greeting) {
      this.greeting = greeting;
    }

    @Override
    public void opened(Link<Message> link) {
      greeting.ifPresent(link::send);
    }

    @Override
    public void received(Link<Message> link, Message message) {
      events.add("received " + message);
    }

    @Override
    public void closed(Link<Message> link, String reason) {
      events.add("closed " + reason);
    }

    String next() throws InterruptedException {
      String event = events.poll(10, TimeUnit.SECONDS);
      assertThat(event).as("something happened within 10 s").isNotNull();
      return event;
    }
  }

  private static final Message GREETING = new Message.Fenced(7, 3);

  /** Listens as n1, to whoever has this server's trust. */
  private int listen(Seen seen) throws Exception {
    Channel channel =
        transport(identity(AUTHORITY, TlsNames.node("n1")))
            .listen(new InetSocketAddress("127.0.0.1", 0), () -> seen);
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  private Seen connect(TlsIdentity as, NodeId to, int port) {
    Seen seen = new Seen(Optional.of(GREETING));
    NettyTransport transport = transport(as);
    loop.execute(
        () -> {
          transport.learn(to, new InetSocketAddress("127.0.0.1", port));
          transport.connect(to, seen);
        });
    return seen;
  }

  @AfterEach
  void end() {
    loop.close();
  }

  @Test
  void nodesOfOneAuthorityTalk() throws Exception {
    Seen server = new Seen(Optional.empty());
    connect(identity(AUTHORITY, TlsNames.node("n2")), N1, listen(server));

    assertThat(server.next()).isEqualTo("received " + GREETING);
  }

  @Test
  void whoIsNotTheNodeThatWasMeantIsNotTalkedTo() throws Exception {
    Seen server = new Seen(Optional.empty());
    Seen client = connect(identity(AUTHORITY, TlsNames.node("n2")), N2, listen(server));

    assertThat(client.next()).startsWith("closed").contains("n2");
    assertThat(server.next()).startsWith("closed");
  }

  @Test
  void strangersAreNotLetIn() throws Exception {
    X509Bundle other = authority();
    Seen server = new Seen(Optional.empty());
    Seen client = connect(identity(other, TlsNames.node("n2")), N1, listen(server));

    assertThat(client.next()).startsWith("closed");
    assertThat(server.next()).startsWith("closed");
  }

  @Test
  void aControllerIsNoNode() throws Exception {
    Seen server = new Seen(Optional.empty());
    connect(identity(AUTHORITY, TlsNames.CONTROLLER), N1, listen(server));

    assertThat(server.next()).startsWith("closed");
  }

  @Test
  void whoSaysNothingOfWhoItIsIsNotLetIn() throws Exception {
    Seen server = new Seen(Optional.empty());
    connect(TlsIdentity.stranger(List.of(AUTHORITY.getCertificate())), N1, listen(server));

    assertThat(server.next()).startsWith("closed");
  }

  @Test
  void plainTextIsSentAway() throws Exception {
    Seen server = new Seen(Optional.empty());
    try (Socket socket = new Socket("127.0.0.1", listen(server))) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(server.next()).startsWith("closed");
    }
  }

  @Test
  void aRenewedIdentityIsUsedFromTheNextConnectionOn() throws Exception {
    X509Bundle other = authority();
    Tls tls = new Tls(identity(other, TlsNames.node("n2")));
    Seen server = new Seen(Optional.empty());
    int port = listen(server);
    NettyTransport transport = new NettyTransport(loop, pool, Optional.of(tls));
    tls.replace(identity(AUTHORITY, TlsNames.node("n2")));
    loop.execute(
        () -> {
          transport.learn(N1, new InetSocketAddress("127.0.0.1", port));
          transport.connect(N1, new Seen(Optional.of(GREETING)));
        });

    assertThat(server.next()).isEqualTo("received " + GREETING);
  }

  @Test
  void keysAndCertificatesComeBackFromText() throws Exception {
    TlsIdentity identity = identity(AUTHORITY, TlsNames.node("n1"));

    assertThat(Pem.certificates(Pem.of(identity.chain()))).isEqualTo(identity.chain());
    assertThat(Pem.key(Pem.of(identity.key().orElseThrow())))
        .isEqualTo(identity.key().orElseThrow());
  }
}
