package io.ashlar.sys;

import com.sun.jna.Memory;
import com.sun.jna.Native;

/** CLOCK_BOOTTIME of clock_gettime(2): monotonic, and goes on while the machine is suspended. */
public final class BootClock {
  private static final int CLOCK_BOOTTIME = 7;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** struct timespec: seconds and nanoseconds, 8 bytes each; one a thread. */
  private static final ThreadLocal<Memory> TIMESPEC = ThreadLocal.withInitial(() -> new Memory(16));

  static {
    Native.register(BootClock.class, "c");
  }

  private BootClock() {}

  private static native int clock_gettime(int clock, long address);

  /** Nanoseconds since boot. Any thread. */
  public static long nanos() {
    Memory time = TIMESPEC.get();
    int result = clock_gettime(CLOCK_BOOTTIME, com.sun.jna.Pointer.nativeValue(time));
    if (result != 0) {
      throw new IllegalStateException("clock_gettime(CLOCK_BOOTTIME) failed");
    }
    return time.getLong(0) * NANOS_PER_SECOND + time.getLong(8);
  }
}
