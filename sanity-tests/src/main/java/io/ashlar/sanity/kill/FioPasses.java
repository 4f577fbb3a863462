package io.ashlar.sanity.kill;

import io.ashlar.sanity.cluster.Commands;
import io.ashlar.sanity.cluster.DevCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * fio on a device in a machine: pass after pass writes every block of a part once, in random order,
 * then reads and verifies all of it. A thread of its own runs it until {@link #end}. Thread-safe.
 */
final class FioPasses {
  private static final long PASS_SECONDS = 180;

  private final DevCluster cluster;
  private final String machine;
  private final Path device;
  private final Thread thread = new Thread(this::run, "fio");
  private volatile boolean ending;
  private volatile String failure = "";
  private volatile int passes;

  private FioPasses(DevCluster cluster, String machine, Path device) {
    this.cluster = cluster;
    this.machine = machine;
    this.device = device;
  }

  static FioPasses start(DevCluster cluster, String machine, Path device) {
    FioPasses fio = new FioPasses(cluster, machine, device);
    fio.thread.setDaemon(true);
    fio.thread.start();
    return fio;
  }

  private void run() {
    try {
      while (!ending) {
        var _ =
            Commands.run(
                PASS_SECONDS, cluster.execCommand(machine, pass(passes, device.toString())));
        passes++;
      }
    } catch (IOException | InterruptedException e) {
      failure = "pass " + passes + ": " + e.getMessage();
    }
  }

  private static List<String> pass(int number, String device) {
    return List.of(
        "fio",
        "--name=pass",
        "--filename=" + device,
        "--direct=1",
        "--ioengine=libaio",
        "--iodepth=8",
        "--rw=randwrite",
        "--bs=4k",
        "--size=32m",
        "--randseed=" + (number + 1),
        "--verify=crc32c",
        "--verify_fatal=1",
        "--verify_state_save=0");
  }

  /** What went wrong, empty if nothing did. */
  String failure() {
    return failure;
  }

  int passes() {
    return passes;
  }

  /** Lets the pass that runs come to its end. The machine must be on. */
  void end() throws IOException, InterruptedException {
    ending = true;
    thread.join(PASS_SECONDS * 1000);
    if (thread.isAlive()) {
      throw new IOException("fio on " + machine + " hangs in pass " + passes);
    }
  }

  /** Its machine was switched off: whatever it says from now on means nothing. */
  void abandon() throws InterruptedException {
    ending = true;
    thread.join(PASS_SECONDS * 1000);
  }
}
