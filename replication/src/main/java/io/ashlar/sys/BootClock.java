package io.ashlar.sys;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * CLOCK_BOOTTIME of clock_gettime(2): monotonic, and goes on while the machine is suspended. By
 * java.lang.foreign (JEP 454) and not JNA, unlike every other call of ours: it is the only one that
 * every request makes several times, and the kernel is not even entered for it (vdso(7)).
 */
public final class BootClock {
  private static final int CLOCK_BOOTTIME = 7;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** struct timespec: seconds and nanoseconds, 8 bytes each; one a thread. */
  private static final ThreadLocal<MemorySegment> TIMESPEC =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(JAVA_LONG, 2));

  /** "critical": it returns at once, so that the thread need not tell the VM that it is away. */
  @SuppressWarnings("restricted") // calls of native code are
  private static final MethodHandle CLOCK_GETTIME =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("clock_gettime"),
              FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS),
              Linker.Option.critical(false));

  private BootClock() {}

  /** Nanoseconds since boot. Any thread. */
  public static long nanos() {
    MemorySegment time = TIMESPEC.get();
    if (clockGetTime(time) != 0) {
      throw new IllegalStateException("clock_gettime(CLOCK_BOOTTIME) failed");
    }
    return time.getAtIndex(JAVA_LONG, 0) * NANOS_PER_SECOND + time.getAtIndex(JAVA_LONG, 1);
  }

  private static int clockGetTime(MemorySegment into) {
    try {
      return (int) CLOCK_GETTIME.invokeExact(CLOCK_BOOTTIME, into);
    } catch (Throwable never) {
      throw new IllegalStateException("clock_gettime cannot be called", never);
    }
  }
}
