package io.ashlar.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is taken of the list of classes that the JVM writes. */
final class PreloadTest {
  @TempDir private Path folder;

  @Test
  void classesThatWereMadeUpAreLeftOut() {
    List<String> lines =
        List.of(
            "sun.security.ssl.SSLEngineImpl source: jrt:/java.base",
            "java.lang.Object source: shared objects file",
            "java.lang.Object source: shared objects file",
            "io.ashlar.node.NodeMain$$Lambda/0x0000000030110000 source: io.ashlar.node.NodeMain",
            "java.lang.invoke.LambdaForm$MH/0x0000000030110400 source: __JVM_LookupDefineClass__",
            "jdk.proxy1.$Proxy7 source: __dynamic_proxy__",
            "");
    assertThat(Preload.listed(lines))
        .containsExactly("sun.security.ssl.SSLEngineImpl", "java.lang.Object");
  }

  @Test
  void whatIsNotThereDoesNotMatter() throws IOException {
    Path list = folder.resolve("list");
    Files.writeString(list, "no.such.Class source: file:/somewhere\n");
    System.setProperty(Preload.PROPERTY, list.toString());
    try {
      Preload.ifRecording();
      System.setProperty(Preload.PROPERTY, folder.resolve("none").toString());
      Preload.ifRecording();
    } finally {
      System.clearProperty(Preload.PROPERTY);
    }
  }
}
