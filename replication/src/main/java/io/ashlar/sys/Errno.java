package io.ashlar.sys;

/** Numbers of errno(3) on Linux, those that we act on. */
public final class Errno {
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int EAGAIN = 11;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int EINVAL = 22;
  public static final int ENOSPC = 28;

  private Errno() {}
}
