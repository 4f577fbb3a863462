package io.ashlar.node.agent;

import com.google.protobuf.ByteString;
import io.ashlar.control.v1.CertificatesGrpc;
import io.ashlar.control.v1.IssueRequest;
import io.ashlar.model.NodeId;
import io.ashlar.tls.Pem;
import io.ashlar.tls.Tls;
import io.ashlar.tls.TlsIdentity;
import io.ashlar.tls.TlsNames;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How this node comes to its certificate: it makes a key, and a controller signs the public half
 * for whoever shows this node's token. Both are kept in the state directory, so that a restart
 * needs nobody; when a third of the certificate's time is left a new one is asked for. Blocks.
 */
public final class Enrolment implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Enrolment.class);
  private static final Duration AGAIN = Duration.ofSeconds(2);
  private static final Duration LOOK = Duration.ofHours(1);
  private static final long CALL_SECONDS = 10;
  private static final String KEPT = "tls.pem";

  /**
   * @param authorities file with the certificates to believe
   * @param token file with what proves to be this node; read anew each time, for it is renewed
   * @param controllers {@code host:port} of those that may be asked
   */
  public record Options(NodeId node, Path authorities, Path token, List<String> controllers) {}

  private final Options options;
  private final Path kept;
  private final BiFunction<String, Tls, ManagedChannel> channels;
  private final Tls tls;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("enrolment").factory());

  /**
   * Has an identity when it returns; waits for one for as long as it takes.
   *
   * @param stateDir where it is kept
   * @throws IOException if the files cannot be read or written
   */
  public Enrolment(Options options, Path stateDir, BiFunction<String, Tls, ManagedChannel> channels)
      throws IOException, InterruptedException {
    this.options = options;
    this.kept = stateDir.resolve(KEPT);
    this.channels = channels;
    Optional<TlsIdentity> known = keptIdentity();
    this.tls = new Tls(known.isPresent() ? known.get() : firstIdentity());
    var _ = timer.scheduleWithFixedDelay(this::renewIfDue, 0, LOOK.toSeconds(), TimeUnit.SECONDS);
  }

  public Tls tls() {
    return tls;
  }

  private List<X509Certificate> authorities() throws IOException {
    try {
      return Pem.certificates(Files.readString(options.authorities()));
    } catch (GeneralSecurityException broken) {
      throw new IOException(options.authorities() + ": " + broken.getMessage(), broken);
    }
  }

  /** What an earlier start has left, if it is ours, signed by whom we believe, and not over. */
  private Optional<TlsIdentity> keptIdentity() throws IOException {
    if (!Files.exists(kept)) {
      return Optional.empty();
    }
    try {
      List<X509Certificate> authorities = authorities();
      String text = Files.readString(kept);
      int key = Math.max(0, text.indexOf(Pem.KEY_BEGIN));
      List<X509Certificate> chain = Pem.certificates(text.substring(0, key));
      chain.getFirst().checkValidity();
      chain.getFirst().verify(authorities.getFirst().getPublicKey());
      boolean ours =
          chain.getFirst().getSubjectAlternativeNames().stream()
              .anyMatch(name -> name.get(1).equals(TlsNames.node(options.node().value())));
      return ours
          ? Optional.of(
              new TlsIdentity(Optional.of(Pem.key(text.substring(key))), chain, authorities))
          : Optional.empty();
    } catch (GeneralSecurityException useless) {
      LOG.info("event=certificate_useless reason=\"{}\"", useless.getMessage());
      return Optional.empty();
    }
  }

  private TlsIdentity firstIdentity() throws IOException, InterruptedException {
    boolean told = false;
    while (true) {
      try {
        return enrol();
      } catch (StatusRuntimeException | GeneralSecurityException failed) {
        if (!told) {
          LOG.warn("event=not_enrolled reason=\"{}\" it is tried again", failed.getMessage());
          told = true;
        }
        Thread.sleep(AGAIN.toMillis());
      }
    }
  }

  /** Asks the controllers, one after the other. */
  private TlsIdentity enrol() throws IOException, GeneralSecurityException {
    List<X509Certificate> authorities = authorities();
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair keys = generator.generateKeyPair();
    IssueRequest request =
        IssueRequest.newBuilder()
            .setNodeId(options.node().value())
            .setToken(Files.readString(options.token()).strip())
            .setPublicKey(ByteString.copyFrom(keys.getPublic().getEncoded()))
            .build();
    String chain = issue(request, new Tls(TlsIdentity.stranger(authorities)));
    TlsIdentity identity =
        new TlsIdentity(Optional.of(keys.getPrivate()), Pem.certificates(chain), authorities);
    keep(identity);
    LOG.info(
        "event=enrolled node={} until={}",
        options.node(),
        identity.chain().getFirst().getNotAfter().toInstant());
    return identity;
  }

  private String issue(IssueRequest request, Tls stranger) {
    StatusRuntimeException last = null;
    for (String address : options.controllers()) {
      ManagedChannel channel = channels.apply(address, stranger);
      try {
        return CertificatesGrpc.newBlockingStub(channel)
            .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
            .issue(request)
            .getChain();
      } catch (StatusRuntimeException refused) {
        last = refused;
      } finally {
        channel.shutdownNow();
      }
    }
    throw last;
  }

  /** Whole or not at all; for nobody else to read. */
  private void keep(TlsIdentity identity) throws IOException {
    Path temporary = kept.resolveSibling(KEPT + ".new");
    Files.deleteIfExists(temporary);
    Files.createFile(
        temporary,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(temporary, Pem.of(identity.chain()) + Pem.of(identity.key().orElseThrow()));
    Files.move(temporary, kept, StandardCopyOption.ATOMIC_MOVE);
  }

  private void renewIfDue() {
    X509Certificate current = tls.identity().chain().getFirst();
    Instant begin = current.getNotBefore().toInstant();
    Instant end = current.getNotAfter().toInstant();
    Duration third = Duration.between(begin, end).dividedBy(3);
    if (Instant.now().isBefore(end.minus(third))) {
      return;
    }
    try {
      tls.replace(enrol());
    } catch (IOException | GeneralSecurityException | StatusRuntimeException failed) {
      LOG.warn("event=certificate_not_renewed until={} reason=\"{}\"", end, failed.getMessage());
    }
  }

  /** Waits for a renewal that is on its way, so that nothing is written once it has returned. */
  @Override
  public void close() {
    timer.shutdownNow();
    timer.close();
  }
}
