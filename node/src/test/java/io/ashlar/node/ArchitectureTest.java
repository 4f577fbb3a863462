package io.ashlar.node;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Directions inside the node (docs/ARCHITECTURE.md). */
final class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.ashlar.node");

  private static void neverKnows(String inside, String... outside) {
    noClasses()
        .that()
        .resideInAPackage("io.ashlar.node" + inside)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(outside)
        .check(CLASSES);
  }

  @Test
  void theNodeKnowsTheControllerByItsMessagesOnly() {
    neverKnows("..", "io.ashlar.controller..");
  }

  @Test
  void frontEndsKnowBlockDevicesOnly() {
    neverKnows(
        ".frontend..",
        "io.ashlar.protocol..",
        "io.ashlar.runtime..",
        "io.ashlar.wire..",
        "io.ashlar.disk..",
        "io.ashlar.control..",
        "io.ashlar.csi..",
        "io.ashlar.node.agent..",
        "io.ashlar.node.attach..",
        "io.ashlar.node.csi..",
        "io.ashlar.node.http..",
        "io.grpc..");
  }

  @Test
  void frontEndsDoNotKnowEachOther() {
    neverKnows(".frontend.nbd..", "io.ashlar.node.frontend.fuse..");
    neverKnows(".frontend.fuse..", "io.ashlar.node.frontend.nbd..");
  }

  @Test
  void theHolderKnowsNothingOfDevices() {
    neverKnows(
        ".frontend.fuse.holder..",
        "io.ashlar.block..",
        "io.ashlar.store..",
        "io.netty..",
        "io.grpc..");
  }

  @Test
  void csiHandlersTouchNoMachine() {
    neverKnows(
        ".csi..",
        "io.ashlar.protocol..",
        "io.ashlar.runtime..",
        "io.ashlar.store..",
        "io.ashlar.net..",
        "io.ashlar.wire..",
        "io.ashlar.node.agent..",
        "io.ashlar.node.frontend..");
  }

  @Test
  void toolsKnowNothingOfVolumes() {
    neverKnows(
        ".mount..",
        "io.ashlar.node.attach..",
        "io.ashlar.node.csi..",
        "io.ashlar.node.frontend..",
        "io.ashlar.protocol..",
        "io.ashlar.runtime..",
        "io.grpc..");
  }

  @Test
  void metricsAreAskedAndAskNobody() {
    neverKnows(".http..", "io.ashlar.node.attach..", "io.ashlar.node.csi..", "io.grpc..");
  }

  @Test
  void registrationKnowsSocketsOnly() {
    neverKnows(
        ".kubelet..",
        "io.ashlar.protocol..",
        "io.ashlar.runtime..",
        "io.ashlar.store..",
        "io.ashlar.net..",
        "io.ashlar.wire..",
        "io.ashlar.control..",
        "io.ashlar.node.agent..",
        "io.ashlar.node.attach..",
        "io.ashlar.node.csi..",
        "io.ashlar.node.frontend..");
  }

  @Test
  void findingADeviceNeedsNoStore() {
    neverKnows(
        ".disk..",
        "io.ashlar.block..",
        "io.ashlar.disk..",
        "io.ashlar.store..",
        "io.ashlar.runtime..",
        "io.ashlar.node.attach..",
        "io.ashlar.node.csi..",
        "io.ashlar.node.frontend..",
        "io.grpc..");
  }
}
