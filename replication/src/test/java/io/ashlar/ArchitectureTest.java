package io.ashlar;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Which package may know which, and that nothing nondeterministic gets into the core. */
@AnalyzeClasses(packages = "io.ashlar", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest
  static final ArchRule direction =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("model")
          .definedBy("io.ashlar.model..")
          .layer("env")
          .definedBy("io.ashlar.env..")
          .layer("block")
          .definedBy("io.ashlar.block..")
          .layer("seal")
          .definedBy("io.ashlar.seal..")
          .layer("wire")
          .definedBy("io.ashlar.wire..")
          .layer("store")
          .definedBy("io.ashlar.store..")
          .layer("protocol")
          .definedBy("io.ashlar.protocol..")
          .layer("sys")
          .definedBy("io.ashlar.sys..")
          .layer("disk")
          .definedBy("io.ashlar.disk..")
          .layer("net")
          .definedBy("io.ashlar.net..")
          .layer("runtime")
          .definedBy("io.ashlar.runtime..")
          .whereLayer("runtime")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("net")
          .mayOnlyBeAccessedByLayers("runtime")
          .whereLayer("disk")
          .mayOnlyBeAccessedByLayers("runtime")
          .whereLayer("sys")
          .mayOnlyBeAccessedByLayers("disk", "net")
          .whereLayer("protocol")
          .mayOnlyBeAccessedByLayers("runtime")
          .whereLayer("store")
          .mayOnlyBeAccessedByLayers("protocol", "disk", "runtime")
          .whereLayer("wire")
          .mayOnlyBeAccessedByLayers("protocol", "net", "runtime")
          .whereLayer("seal")
          .mayOnlyBeAccessedByLayers("protocol", "runtime")
          .whereLayer("block")
          .mayOnlyBeAccessedByLayers("seal", "wire", "store", "protocol", "net", "disk", "runtime");

  @ArchTest
  static final ArchRule theCoreIsPure =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.ashlar.model..",
              "io.ashlar.env..",
              "io.ashlar.block..",
              "io.ashlar.seal..",
              "io.ashlar.wire..",
              "io.ashlar.protocol..",
              "io.ashlar.store..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.netty..",
              "java.nio.channels..",
              "java.util.concurrent..",
              "com.sun.jna..",
              "io.ashlar.sys..",
              "java.net..");

  @ArchTest
  static final ArchRule theCoreHasNoClockAndNoDice =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.ashlar.model..",
              "io.ashlar.block..",
              "io.ashlar.seal..",
              "io.ashlar.wire..",
              "io.ashlar.protocol..",
              "io.ashlar.store..",
              "io.ashlar.runtime..")
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(Thread.class, "sleep", long.class)
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.util.Random")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.util.UUID");

  @ArchTest
  static final ArchRule onlySysCallsNativeCode =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.ashlar.sys..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("com.sun.jna..");

  /** Whatever has a socket may know it, so it knows nobody. */
  @ArchTest
  static final ArchRule guardKnowsTheJdkAndTheLogOnly =
      classes()
          .that()
          .resideInAPackage("io.ashlar.guard..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("io.ashlar.guard..", "java..", "org.slf4j..");

  @ArchTest
  static final ArchRule sealKnowsBlocksAndItsLibrariesOnly =
      classes()
          .that()
          .resideInAPackage("io.ashlar.seal..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.ashlar.seal..",
              "io.ashlar.block..",
              "io.ashlar.model..",
              "java..",
              "net.jpountz.lz4..",
              "com.github.luben.zstd..");

  @ArchTest
  static final ArchRule machinesAreFinal =
      classes()
          .that()
          .haveSimpleNameEndingWith("Machine")
          .should()
          .haveModifier(com.tngtech.archunit.core.domain.JavaModifier.FINAL);
}
