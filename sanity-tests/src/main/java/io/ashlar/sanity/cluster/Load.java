package io.ashlar.sanity.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The writing load in a machine, watched from outside: what was acknowledged, when, and what
 * failed. Thread-safe.
 */
public final class Load implements AutoCloseable {
  private final Process process;
  private long last = -1;
  private long lastAt = System.nanoTime();
  private long longestGapNanos;
  private int errors;
  private String lastError = "";

  private Load(Process process) {
    this.process = process;
    Thread.ofPlatform().daemon().name("load").start(this::watch);
  }

  public static Load start(DevCluster cluster, String machine, Path file, long first)
      throws IOException {
    List<String> command = cluster.execCommand(machine, command("write", file, first));
    return new Load(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start());
  }

  /** Number of the last record that is in the file, which is checked as a whole. */
  public static long check(DevCluster cluster, String machine, Path file)
      throws IOException, InterruptedException {
    String text = cluster.exec(machine, command("check", file, 0).toArray(String[]::new));
    if (!text.startsWith("last ")) {
      throw new IOException("the load's file is not what was written: " + text);
    }
    return Long.parseLong(text.substring("last ".length()));
  }

  private static List<String> command(String verb, Path file, long first) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes = System.getProperty("java.class.path").split(":", 2)[0];
    return List.of(
        java,
        "-Xmx64m",
        "-Xshare:auto",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        classes,
        LoadMain.class.getName(),
        verb,
        file.toString(),
        Long.toString(first));
  }

  private void watch() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        heard(line);
      }
    } catch (IOException e) {
      // the machine was switched off: nothing more is acknowledged
    }
  }

  private synchronized void heard(String line) {
    if (line.startsWith("ack ")) {
      long now = System.nanoTime();
      longestGapNanos = Math.max(longestGapNanos, now - lastAt);
      lastAt = now;
      last = Long.parseLong(line.substring("ack ".length()));
    } else {
      errors++;
      lastError = line;
    }
    notifyAll();
  }

  /** Last acknowledged record, -1 if none. */
  public synchronized long last() {
    return last;
  }

  public synchronized int errors() {
    return errors;
  }

  public synchronized String lastError() {
    return lastError;
  }

  /** Longest time without an acknowledgement since this was asked before. */
  public synchronized double takeLongestGapSeconds() {
    long gap = Math.max(longestGapNanos, System.nanoTime() - lastAt);
    longestGapNanos = 0;
    return gap / 1e9;
  }

  /** Waits until this many more records are acknowledged. */
  public synchronized void await(int records, long seconds)
      throws IOException, InterruptedException {
    long wanted = last + records;
    long until = System.nanoTime() + seconds * 1_000_000_000L;
    while (last < wanted) {
      long leftMillis = (until - System.nanoTime()) / 1_000_000;
      if (leftMillis <= 0) {
        throw new IOException("the load stands still at record " + last + " for " + seconds + " s");
      }
      wait(leftMillis);
    }
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
  }
}
