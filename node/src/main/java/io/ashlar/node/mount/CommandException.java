package io.ashlar.node.mount;

import java.io.IOException;

/** A tool did not do what it was asked: it failed, or its time was over. */
public final class CommandException extends IOException {
  private static final long serialVersionUID = 1;

  /** Its time was over; it may still be at work, or stuck in the kernel. */
  public static final int TIMED_OUT = -1;

  private final int exitCode;

  public CommandException(String message, int exitCode) {
    super(message);
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }

  public boolean timedOut() {
    return exitCode == TIMED_OUT;
  }
}
