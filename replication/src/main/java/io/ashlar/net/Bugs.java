package io.ashlar.net;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens when our own code has broken one of its rules on the data loop: the process ends at
 * once and the launcher starts a new one, which recovers from what is durable. Going on would risk
 * data.
 */
public final class Bugs {
  private static final Logger LOG = LoggerFactory.getLogger(Bugs.class);
  private static final int EXIT_CODE = 70;

  private Bugs() {}

  /** Logs the cause and ends the process without running anything more of it. */
  public static void halt(String where, Throwable cause) {
    LOG.error("event=bug where={} the process ends", where, cause);
    Runtime.getRuntime().halt(EXIT_CODE);
  }
}
