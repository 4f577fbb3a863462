package io.ashlar.csi;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** csi-proto knows of the other modules what sockets do about strangers, and nothing else. */
final class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.ashlar");

  @Test
  void csiProtoKnowsNothingOfStorage() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.ashlar.csi..",
            "io.ashlar.control..",
            "io.ashlar.pluginregistration..",
            "io.ashlar.grpc..",
            "io.ashlar.http..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.ashlar.controller..",
            "io.ashlar.node..",
            "io.ashlar.model..",
            "io.ashlar.env..",
            "io.ashlar.block..",
            "io.ashlar.wire..",
            "io.ashlar.protocol..",
            "io.ashlar.store..",
            "io.ashlar.disk..",
            "io.ashlar.net..",
            "io.ashlar.sys..",
            "io.ashlar.runtime..")
        .check(CLASSES);
  }
}
