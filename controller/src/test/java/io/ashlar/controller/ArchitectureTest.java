package io.ashlar.controller;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Who may know whom. */
final class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.ashlar.controller");

  private static void neverKnows(String from, String... to) {
    noClasses()
        .that()
        .resideInAPackage(from)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(to)
        .check(CLASSES);
  }

  @Test
  void theControllerKnowsNoNodeAndNoDataPath() {
    neverKnows(
        "io.ashlar.controller..",
        "io.ashlar.node..",
        "io.ashlar.protocol..",
        "io.ashlar.store..",
        "io.ashlar.net..",
        "io.ashlar.wire..",
        "io.ashlar.sys..");
  }

  @Test
  void stateIsPure() {
    neverKnows(
        "io.ashlar.controller.state..",
        "io.ashlar.controller.store..",
        "io.ashlar.controller.nodes..",
        "io.ashlar.controller.csi..",
        "io.grpc..",
        "java.util.concurrent..",
        "java.sql..");
  }

  @Test
  void workKnowsNoEdge() {
    neverKnows("io.ashlar.controller.store..", "io.ashlar.controller.nodes..", "io.grpc..");
    neverKnows("io.ashlar.controller.placement..", "io.ashlar.controller.csi..", "io.grpc..");
    neverKnows("io.ashlar.controller.reconcile..", "io.ashlar.controller.csi..", "io.grpc..");
    neverKnows("io.ashlar.controller.failover..", "io.ashlar.controller.csi..", "io.grpc..");
    neverKnows("io.ashlar.controller.nodes..", "io.ashlar.controller.csi..", "io.ashlar.csi..");
  }

  @Test
  void onlyTheEmbeddedAdapterKnowsSql() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.ashlar.controller.store.embedded..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "org.sqlite..")
        .check(CLASSES);
  }

  @Test
  void onlyTheKubernetesAdaptersKnowItsClient() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "io.ashlar.controller.store.kubernetes..", "io.ashlar.controller.kubernetes..")
        .and()
        .doNotHaveSimpleName("KubernetesBackend")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.fabric8..")
        .check(CLASSES);
  }

  @Test
  void onlyTheMappersKnowGrpcCodes() {
    noClasses()
        .that()
        .haveNameNotMatching(".*\\.(StatusMapper|AgentStatus)(\\$.*)?")
        .should()
        .dependOnClassesThat()
        .haveNameMatching("io\\.grpc\\.Status(\\$Code)?")
        .check(CLASSES);
  }
}
