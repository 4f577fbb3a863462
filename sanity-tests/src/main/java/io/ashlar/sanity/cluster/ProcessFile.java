package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Figures in the files that the kernel shows of a process, which are lines "NAME: VALUE". */
public final class ProcessFile {
  private ProcessFile() {}

  /** A figure of {@code /proc/PID/FILE}: io, status, smaps_rollup. */
  public static long value(long process, String file, String name) throws IOException {
    String text = Files.readString(Path.of("/proc", Long.toString(process), file));
    Matcher matcher = Pattern.compile("(?m)^" + name + ":\\s+(\\d+)").matcher(text);
    if (!matcher.find()) {
      throw new IOException("no " + name + " in /proc/PID/" + file);
    }
    return Long.parseLong(matcher.group(1));
  }

  /** All memory that a process holds, what of it is its own, and its share of it, in words. */
  public static String memory(long process) throws IOException {
    return Report.line(
        "%d MiB resident, %d anonymous, %d proportional",
        value(process, "status", "VmRSS") >> 10,
        value(process, "status", "RssAnon") >> 10,
        value(process, "smaps_rollup", "Pss") >> 10);
  }
}
