package io.ashlar.csi.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.csi.v1.CreateVolumeRequest;
import io.ashlar.csi.v1.NodeStageVolumeRequest;
import io.ashlar.csi.v1.VolumeCapability;
import org.junit.jupiter.api.Test;

final class RedactorTest {
  @Test
  void secretsAreHiddenAndTheRestIsShown() {
    String text =
        Redactor.text(
            CreateVolumeRequest.newBuilder()
                .setName("pvc-1")
                .putParameters("ashlar.io/replicas", "2")
                .putSecrets("key", "hunter2")
                .build());

    assertThat(text)
        .doesNotContain("hunter2")
        .contains("secrets: ***", "pvc-1", "ashlar.io/replicas");
  }

  @Test
  void mountFlagsOfNestedMessagesAreHidden() {
    String text =
        Redactor.text(
            NodeStageVolumeRequest.newBuilder()
                .setVolumeCapability(
                    VolumeCapability.newBuilder()
                        .setMount(
                            VolumeCapability.MountVolume.newBuilder()
                                .setFsType("xfs")
                                .addMountFlags("password=hunter2")))
                .putSecrets("key", "hunter3")
                .build());

    assertThat(text).doesNotContain("hunter").contains("fs_type: \"xfs\"", "mount_flags: ***");
  }
}
