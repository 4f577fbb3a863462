package io.ashlar.controller.csi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ashlar.controller.TestCluster;
import io.ashlar.csi.server.CallInterceptor;
import io.ashlar.csi.server.CallObserver;
import io.ashlar.csi.server.CsiEndpoint;
import io.ashlar.csi.server.CsiServer;
import io.ashlar.csi.server.IdentityService;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real csi-sanity, its controller and identity specs, where it is installed. Its node specs run
 * against the real node elsewhere.
 */
final class CsiSanityTest {
  private static final Path PROGRAM = Path.of("/usr/local/bin/csi-sanity");

  @TempDir Path folder;

  @Test
  void controllerAndIdentitySpecsPass() throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(PROGRAM), "csi-sanity is not installed");
    CsiServer node =
        new CsiServer(
            CsiEndpoint.parse("unix://" + folder.resolve("node.sock")),
            List.of(new IdentityService("test", () -> true), new FakeCsiNode("node-1", 8)),
            new CallInterceptor(new StatusMapper(), CallObserver.NONE));
    try (TestCluster cluster = new TestCluster(folder, 3, Duration.ofSeconds(20));
        CsiServer serving = node.start()) {
      assertThat(serving).isNotNull();
      assertThat(cluster.nodes()).hasSize(3);
      assertThat(runSanity()).contains(" | 0 Failed").doesNotContain("Ran 0 of");
    }
  }

  private String runSanity() throws IOException, InterruptedException {
    Path output = Path.of("target", "csi-sanity.log").toAbsolutePath();
    Path parameters = folder.resolve("parameters.yaml");
    Files.writeString(parameters, "ashlar.io/replicas: \"2\"\n");
    Process sanity =
        new ProcessBuilder(
                PROGRAM.toString(),
                "--csi.endpoint=unix://" + folder.resolve("node.sock"),
                "--csi.controllerendpoint=unix://" + folder.resolve("csi.sock"),
                "--csi.mountdir=" + folder.resolve("mount"),
                "--csi.stagingdir=" + folder.resolve("staging"),
                "--csi.testvolumeparameters=" + parameters,
                "--csi.testvolumesize=67108864",
                "--csi.testvolumeexpandsize=134217728",
                "--csi.testnodevolumeattachlimit=true",
                "--ginkgo.no-color",
                "--ginkgo.skip=Node Service")
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int code = sanity.waitFor();
    String log = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(code).as(log).isZero();
    return log;
  }
}
