package io.ashlar.node.mount;

import java.io.IOException;

/** A tool did not do what it was asked: it failed, or its time was over. */
public final class CommandException extends IOException {
  private static final long serialVersionUID = 1;

  /** Its time was over; it may still be at work, or stuck in the kernel. */
  public static final int TIMED_OUT = -1;

  private final int exitCode;
  private final boolean busy;

  public CommandException(String message, int exitCode) {
    this(message, exitCode, false);
  }

  CommandException(String message, int exitCode, boolean busy) {
    super(message);
    this.exitCode = exitCode;
    this.busy = busy;
  }

  /** Somebody else had the device in use: the same command may succeed later. */
  public boolean busy() {
    return busy;
  }

  public int exitCode() {
    return exitCode;
  }

  public boolean timedOut() {
    return exitCode == TIMED_OUT;
  }
}
