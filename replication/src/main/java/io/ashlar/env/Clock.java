package io.ashlar.env;

/** Monotonic time that goes on while the machine sleeps (CLOCK_BOOTTIME, clock_gettime(2)). */
public interface Clock {
  long nanos();
}
