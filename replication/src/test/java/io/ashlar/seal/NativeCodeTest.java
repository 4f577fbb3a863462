package io.ashlar.seal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import net.jpountz.lz4.LZ4Factory;
import org.junit.jupiter.api.Test;

/** How native code is loaded, each time in a process of its own. */
final class NativeCodeTest {
  @Test
  void bothAreLoadedWithoutAWarning() throws Exception {
    assertThat(output(System.getProperty("java.io.tmpdir"))).isEqualTo("lz4=JNI zstd=JNI\n");
  }

  /** /proc takes no files, not even from root. */
  @Test
  void withoutAFolderForItLz4IsInJavaAndZstdSaysWhatIsMissing() throws Exception {
    assertThat(output("/proc"))
        .startsWith("JavaSafe zstd: no native library, which is unpacked into /proc ");
  }

  private static String output(String temporaryFolder) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + temporaryFolder,
                "-cp",
                System.getProperty("java.class.path"),
                NativeCodeTest.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return output;
  }

  public static void main(String[] args) {
    try {
      System.out.println(NativeCodecs.load());
    } catch (IllegalStateException e) {
      String lz4 = LZ4Factory.fastestInstance().toString().replace("LZ4Factory:", "");
      System.out.println(lz4 + " " + e.getMessage());
    }
  }
}
