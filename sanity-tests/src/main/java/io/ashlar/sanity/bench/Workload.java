package io.ashlar.sanity.bench;

import java.util.ArrayList;
import java.util.List;

/** One of the patterns that are measured. */
enum Workload {
  /** Before anything is written at random: what lies in order can be read in order. */
  SEQUENTIAL_READ_AS_FILLED("1 MiB sequential read, QD4, as it was filled", "read", 1 << 20, 4),
  RANDOM_READ_1("4 KiB random read, QD1", "randread", 4096, 1),
  RANDOM_READ_32("4 KiB random read, QD32", "randread", 4096, 32),
  RANDOM_WRITE_1("4 KiB random write, QD1", "randwrite", 4096, 1),
  RANDOM_WRITE_32("4 KiB random write, QD32", "randwrite", 4096, 32),
  SEQUENTIAL_READ("1 MiB sequential read, QD4, of what was written at random", "read", 1 << 20, 4),
  SEQUENTIAL_WRITE("1 MiB sequential write, QD4", "write", 1 << 20, 4);

  private final String title;
  private final String pattern;
  private final int blockBytes;
  private final int depth;

  Workload(String title, String pattern, int blockBytes, int depth) {
    this.title = title;
    this.pattern = pattern;
    this.blockBytes = blockBytes;
    this.depth = depth;
  }

  String title() {
    return title;
  }

  int blockBytes() {
    return blockBytes;
  }

  boolean isRead() {
    return pattern.endsWith("read");
  }

  /** fio's command line for a target, over its first bytes, for so many seconds. */
  List<String> command(Target target, long sizeBytes, int seconds) {
    List<String> command = new ArrayList<>(target.prefix());
    command.addAll(List.of("fio", "--name=bench", "--direct=1"));
    command.addAll(target.engine());
    command.addAll(
        List.of(
            "--rw=" + pattern,
            "--bs=" + blockBytes,
            "--iodepth=" + depth,
            "--size=" + sizeBytes,
            "--runtime=" + seconds,
            "--time_based",
            "--norandommap",
            "--randrepeat=0",
            "--output-format=json"));
    return command;
  }
}
