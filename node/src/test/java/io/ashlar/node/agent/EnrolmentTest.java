package io.ashlar.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.control.v1.CertificatesGrpc;
import io.ashlar.control.v1.IssueReply;
import io.ashlar.control.v1.IssueRequest;
import io.ashlar.model.NodeId;
import io.ashlar.tls.Pem;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyFactory;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a node comes to its certificate, and keeps it. */
final class EnrolmentTest {
  @TempDir private Path folder;

  private final AtomicInteger issued = new AtomicInteger();
  private final AtomicInteger refusals = new AtomicInteger();
  private X509Bundle authority;
  private Duration valid = Duration.ofDays(90);
  private Server controller;

  @BeforeEach
  void serve() throws Exception {
    newAuthority();
    Files.writeString(folder.resolve("token"), "the token\n");
    controller =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .addService(new Certificates())
            .build()
            .start();
  }

  @AfterEach
  void end() {
    controller.shutdownNow();
  }

  private void newAuthority() throws Exception {
    authority =
        new CertificateBuilder()
            .subject("CN=test authority")
            .setIsCertificateAuthority(true)
            .notBefore(Instant.now().minus(Duration.ofDays(100)))
            .buildSelfSigned();
    Files.writeString(folder.resolve("ca.crt"), Pem.of(List.of(authority.getCertificate())));
  }

  private final class Certificates extends CertificatesGrpc.CertificatesImplBase {
    @Override
    public void issue(IssueRequest request, StreamObserver<IssueReply> observer) {
      if (refusals.getAndDecrement() > 0) {
        observer.onError(Status.UNAVAILABLE.asRuntimeException());
        return;
      }
      try {
        assertThat(request.getToken()).isEqualTo("the token");
        X509Bundle bundle =
            new CertificateBuilder()
                .subject("CN=test")
                .addSanDnsName(request.getNodeId() + ".node.ashlar.internal")
                .publicKey(
                    KeyFactory.getInstance("EC")
                        .generatePublic(
                            new X509EncodedKeySpec(request.getPublicKey().toByteArray())))
                .notBefore(Instant.now().minus(Duration.ofDays(89)))
                .notAfter(Instant.now().minus(Duration.ofDays(89)).plus(valid))
                .buildIssuedBy(authority);
        issued.incrementAndGet();
        observer.onNext(
            IssueReply.newBuilder().setChain(Pem.of(List.of(bundle.getCertificate()))).build());
        observer.onCompleted();
      } catch (Exception broken) {
        observer.onError(broken);
      }
    }
  }

  private Enrolment enrol(String node) throws Exception {
    return new Enrolment(
        new Enrolment.Options(
            new NodeId(node),
            folder.resolve("ca.crt"),
            folder.resolve("token"),
            List.of("127.0.0.1:1", "127.0.0.1:" + controller.getPort())),
        folder,
        (address, stranger) -> NettyChannelBuilder.forTarget(address).usePlaintext().build());
  }

  @Test
  void aRestartUsesWhatWasKept() throws Exception {
    valid = Duration.ofDays(400);
    try (Enrolment first = enrol("n1");
        Enrolment second = enrol("n1")) {
      assertThat(second.tls().identity()).isEqualTo(first.tls().identity());
    }
    assertThat(issued).hasValue(1);
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("tls.pem"))))
        .isEqualTo("rw-------");
  }

  @Test
  void whatIsNotOursOrNotOfThisAuthorityIsReplaced() throws Exception {
    valid = Duration.ofDays(400);
    enrol("n1").close();
    enrol("n2").close();
    assertThat(issued).hasValue(2);
    newAuthority();
    enrol("n2").close();
    assertThat(issued).hasValue(3);
    Files.writeString(folder.resolve("tls.pem"), "half a file");
    enrol("n2").close();
    assertThat(issued).hasValue(4);
  }

  @Test
  void itIsTriedUntilAControllerAnswers() throws Exception {
    valid = Duration.ofDays(400);
    refusals.set(1);
    enrol("n1").close();

    assertThat(issued).hasValue(1);
  }

  @Test
  void onceItIsClosedNothingIsWrittenAnyMore() throws Exception {
    for (int round = 0; round < 20; round++) {
      int before = issued.get();
      try (Enrolment _ = enrol("n1")) {
        awaitIssued(before + 2); // the renewal's answer is on its way, and the file not yet written
      }
      Files.deleteIfExists(folder.resolve("tls.pem"));
      Files.deleteIfExists(folder.resolve("tls.pem.new"));
      Thread.sleep(20);
      assertThat(folder)
          .isDirectoryNotContaining(path -> path.getFileName().toString().startsWith("tls"));
    }
  }

  @Test
  void beforeItEndsACertificateIsRenewed() throws Exception {
    // A day of ninety is left.
    try (Enrolment enrolment = enrol("n1")) {
      awaitIssued(2);
      assertThat(enrolment.tls().identity().chain()).hasSize(1);
    }
  }

  private void awaitIssued(int count) throws InterruptedException {
    long endNanos = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (issued.get() < count) {
      assertThat(System.nanoTime()).isLessThan(endNanos);
      Thread.sleep(1);
    }
  }
}
