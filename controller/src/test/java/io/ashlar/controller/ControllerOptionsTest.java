package io.ashlar.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class ControllerOptionsTest {
  private static ControllerConfig parse(String... args) {
    ControllerOptions options = new ControllerOptions();
    new CommandLine(options).parseArgs(args);
    return options.config();
  }

  @Test
  void theDefaultsAreTheDocumentedOnes() {
    assertThat(parse("--csi-endpoint=unix:///run/ashlar/controller.sock").toString())
        .isEqualTo(
            "ControllerConfig[csiEndpoint=unix:///run/ashlar/controller.sock,"
                + " controlListen=127.0.0.1:7431, httpListen=127.0.0.1:7432,"
                + " backend=Embedded[stateDir=/var/lib/ashlar/controller],"
                + " times=Times[nodeSilence=PT5S, agentTimeout=PT5S, repairDelay=PT10S,"
                + " replaceGrace=PT10M, callWait=PT30S],"
                + " space=SpacePolicy[overProvisioning=10, reservePercent=5]]");
  }

  @Test
  void timesHaveUnits() {
    ControllerConfig config =
        parse("--node-silence=500ms", "--call-wait=2m", "--control-listen=[::1]:0");

    assertThat(config.times().nodeSilence()).hasMillis(500);
    assertThat(config.times().callWait()).hasMinutes(2);
    assertThat(config.controlListen()).hasToString("[::1]:0");
  }

  @Test
  void kubernetesNeedsToKnowWhereAndWhoWeAre() {
    assertThat(parse("--store=kubernetes", "--namespace=storage", "--name=c-1").backend())
        .hasToString(
            "Kubernetes[namespace=storage, name=c-1, tlsSecret=Optional.empty,"
                + " nodeServiceAccount=ashlar-node]");
    assertThatThrownBy(() -> parse("--store=kubernetes", "--namespace=", "--name=c-1"))
        .hasMessageContaining("POD_NAMESPACE");
    assertThatThrownBy(() -> parse("--store=kubernetes", "--namespace=a", "--name=C_1"))
        .hasMessageContaining("POD_NAME");
    assertThatThrownBy(() -> parse("--store=etcd")).hasMessageContaining("embedded, kubernetes");
  }

  @Test
  void wrongValuesAreRefusedByName() {
    assertThatThrownBy(() -> parse("--node-silence=5"))
        .isInstanceOf(CommandLine.ParameterException.class)
        .hasMessageContaining("--node-silence");
    assertThatThrownBy(() -> parse("--node-silence=0s")).hasMessageContaining("node-silence");
    assertThatThrownBy(() -> parse("--over-provisioning=0"))
        .hasMessageContaining("over-provisioning");
    assertThatThrownBy(() -> parse("--http-listen=nowhere")).hasMessageContaining("host:port");
    assertThatThrownBy(() -> parse("--http-listen=h:70000")).hasMessageContaining("65535");
    assertThatThrownBy(() -> parse("--csi-endpoint=tcp://h:1"))
        .hasMessageContaining("only Unix sockets");
  }
}
