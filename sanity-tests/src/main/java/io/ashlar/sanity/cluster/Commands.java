package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Child processes that are waited for, with an end to the waiting. */
public final class Commands {
  private Commands() {}

  /**
   * Runs a command and returns what it printed.
   *
   * @throws IOException if it fails, or takes longer than this
   */
  public static String run(long seconds, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("ashlar-demo", ".out");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
      String text = Files.readString(output, StandardCharsets.UTF_8).strip();
      if (!ended) {
        process.destroyForcibly();
        throw new IOException(command + " takes longer than " + seconds + " s: " + text);
      }
      if (process.exitValue() != 0) {
        throw new IOException(command + " failed with " + process.exitValue() + ": " + text);
      }
      return text;
    } finally {
      Files.deleteIfExists(output);
    }
  }
}
