package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * CPU time of processes with all their threads and the children they waited for, from
 * /proc/PID/stat (proc_pid_stat(5), fields 14 to 17).
 */
public final class CpuTime {
  private static final int AFTER_NAME = 3; // number of the field that follows the name
  private static final int FIRST = 14;
  private static final int LAST = 17;
  private static final double TICKS_A_SECOND = 100; // USER_HZ, which is part of Linux' interface

  private CpuTime() {}

  public static double secondsOf(List<Long> processes) throws IOException {
    double ticks = 0;
    for (long process : processes) {
      String stat = Files.readString(Path.of("/proc", Long.toString(process), "stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      for (int field = FIRST; field <= LAST; field++) {
        ticks += Long.parseLong(fields[field - AFTER_NAME]);
      }
    }
    return ticks / TICKS_A_SECOND;
  }
}
