package io.ashlar.node.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.pluginregistration.v1.InfoRequest;
import io.ashlar.pluginregistration.v1.PluginInfo;
import io.ashlar.pluginregistration.v1.RegistrationStatus;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kubelet's part is played on the real socket, and in the real folder that it would watch. */
final class KubeletRegistrationTest {
  private static final Path CSI_PATH = Path.of("/var/lib/kubelet/plugins/csi.ashlar.io/csi.sock");
  private static final Duration PAUSE = Duration.ofMillis(300);
  private static final RegistrationStatus TAKEN =
      RegistrationStatus.newBuilder().setPluginRegistered(true).build();
  private static final RegistrationStatus REFUSED =
      RegistrationStatus.newBuilder().setError("no CSINode yet").build();

  @TempDir Path folder;
  private RegistrationOptions options;
  private Path socket;
  private FakeKubelet kubelet;

  @BeforeEach
  void watch() throws IOException {
    options = new RegistrationOptions(folder, CSI_PATH);
    socket = folder.resolve("csi.ashlar.io-reg.sock");
    kubelet = new FakeKubelet(folder);
  }

  @AfterEach
  void endWatch() throws IOException {
    kubelet.close();
  }

  @Test
  void theKubeletLearnsWhereCsiIsServed() throws InterruptedException {
    try (KubeletRegistration registration = new KubeletRegistration(options, PAUSE)) {
      assertThat(socket).doesNotExist();
      registration.start();
      kubelet.awaitCreated(socket);

      PluginInfo info =
          kubelet.ask(socket, plugin -> plugin.getInfo(InfoRequest.getDefaultInstance()));

      assertThat(info)
          .isEqualTo(
              PluginInfo.newBuilder()
                  .setType("CSIPlugin")
                  .setName("csi.ashlar.io")
                  .setEndpoint(CSI_PATH.toString())
                  .addSupportedVersions("1.0.0")
                  .build());
      notifyOf(TAKEN);
      assertThat(kubelet.changesWithin(PAUSE.multipliedBy(3))).isEmpty();
    }
    assertThat(socket).doesNotExist();
  }

  @Test
  void aRefusalMakesTheSocketAppearAnewAfterALongerPauseEachTime() throws InterruptedException {
    try (KubeletRegistration registration = new KubeletRegistration(options, PAUSE)) {
      registration.start();
      kubelet.awaitCreated(socket);

      assertThat(nanosUntilAnew()).isGreaterThanOrEqualTo(PAUSE.toNanos());
      assertThat(nanosUntilAnew()).isGreaterThanOrEqualTo(PAUSE.multipliedBy(2).toNanos());

      notifyOf(TAKEN);
      assertThat(nanosUntilAnew()).isLessThan(PAUSE.multipliedBy(4).toNanos());
    }
  }

  private long nanosUntilAnew() throws InterruptedException {
    long started = System.nanoTime();
    notifyOf(REFUSED);
    notifyOf(REFUSED); // said twice, done once
    kubelet.awaitDeleted(socket);
    kubelet.awaitCreated(socket);
    return System.nanoTime() - started;
  }

  @Test
  void aKubeletThatTakesUsAfterAllIsNotDisturbed() throws InterruptedException {
    try (KubeletRegistration registration = new KubeletRegistration(options, PAUSE)) {
      registration.start();
      kubelet.awaitCreated(socket);
      notifyOf(REFUSED);
      notifyOf(TAKEN);
      assertThat(kubelet.changesWithin(PAUSE.multipliedBy(3))).isEmpty();
    }
  }

  @Test
  void theSocketOfAKilledProcessIsReplaced() throws IOException, InterruptedException {
    try (ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stale.bind(UnixDomainSocketAddress.of(socket));
    }
    kubelet.awaitCreated(socket);
    try (KubeletRegistration registration = new KubeletRegistration(options, PAUSE)) {
      registration.start();
      kubelet.awaitDeleted(socket);
      kubelet.awaitCreated(socket);
      notifyOf(TAKEN);
    }
  }

  @Test
  void aSocketThatIsInUseIsWaitedFor() throws IOException, InterruptedException {
    KubeletRegistration registration = new KubeletRegistration(options, PAUSE);
    try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      other.bind(UnixDomainSocketAddress.of(socket));
      kubelet.awaitCreated(socket);
      registration.start();
      assertThat(kubelet.changesWithin(PAUSE)).isEmpty();
    }
    kubelet.awaitDeleted(socket);
    kubelet.awaitCreated(socket);
    notifyOf(TAKEN);
    registration.close();
  }

  @Test
  void aWrongFolderIsRefusedWithTheOptionAndAReason() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> new RegistrationOptions(file, CSI_PATH).requireFolder())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--kubelet-registration-dir " + file + " is not a folder");
    assertThatThrownBy(() -> new RegistrationOptions(Path.of("here"), CSI_PATH))
        .hasMessageContaining("--kubelet-registration-dir here is not an absolute path");
    assertThatThrownBy(() -> new RegistrationOptions(folder, Path.of("csi.sock")))
        .hasMessageContaining("--kubelet-csi-path csi.sock is not an absolute path");
    assertThatThrownBy(
            () -> new RegistrationOptions(folder.resolve("a".repeat(100)), CSI_PATH).endpoint())
        .hasMessageContaining("a Unix socket takes 107");
  }

  @Test
  void aFolderThatComesLaterIsFound() throws IOException, InterruptedException {
    Path later = folder.resolve("later");
    try (KubeletRegistration registration =
        new KubeletRegistration(new RegistrationOptions(later, CSI_PATH), PAUSE)) {
      registration.start();
      assertThat(kubelet.changesWithin(PAUSE)).isEmpty();
      Files.createDirectory(later);
      await(() -> Files.exists(later.resolve("csi.ashlar.io-reg.sock")));
    }
  }

  private void notifyOf(RegistrationStatus status) {
    var _ = kubelet.ask(socket, plugin -> plugin.notifyRegistrationStatus(status));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 500 && !condition.getAsBoolean(); i++) {
      Thread.sleep(20);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }
}
