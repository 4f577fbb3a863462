package io.ashlar.node.pool;

import io.ashlar.env.Timers;
import java.util.ArrayList;
import java.util.List;

/**
 * Timers of the loop that begin later: what disks want done when they are open waits until all of
 * them are. Until then buffers belong to the thread that opens disks.
 */
final class HeldTimers implements Timers {
  private record Task(long delayNanos, Runnable task) {}

  private final Timers timers;
  private final List<Task> held = new ArrayList<>();
  private boolean released;

  HeldTimers(Timers timers) {
    this.timers = timers;
  }

  /** On the opening thread; afterwards, on the loop. */
  @Override
  public void after(long delayNanos, Runnable task) {
    if (released) {
      timers.after(delayNanos, task);
    } else {
      held.add(new Task(delayNanos, task));
    }
  }

  /** On the opening thread, which leaves everything to the loop now. */
  void release() {
    released = true;
    held.forEach(each -> timers.after(each.delayNanos, each.task));
  }
}
