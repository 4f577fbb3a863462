package io.ashlar.sys;

import java.io.IOException;

/** A system call failed: the message names call, object and reason. */
public final class SyscallException extends IOException {
  private static final long serialVersionUID = 1;

  private final int errno;

  SyscallException(String call, String object, int errno) {
    super(call + " " + object + ": " + LibC.strerror(errno) + " (errno " + errno + ")");
    this.errno = errno;
  }

  public int errno() {
    return errno;
  }
}
