package io.ashlar.sanity.cluster;

import java.util.Locale;

/** What a black-box program prints: its own output, beside which the log is silent. */
public final class Report {
  private Report() {}

  public static void say(String text) {
    System.out.println(text);
  }

  public static String line(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  public static double secondsSince(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e9;
  }

  /** The time since then, as the end of a line. */
  public static String after(long startNanos) {
    return line(" (%.1f s)", secondsSince(startNanos));
  }
}
