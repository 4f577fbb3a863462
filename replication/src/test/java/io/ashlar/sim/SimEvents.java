package io.ashlar.sim;

import java.util.PriorityQueue;

/** The one event queue of a simulation: virtual nanoseconds, ties in order of insertion. */
public final class SimEvents {
  private record Event(long at, long number, Runnable task) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
    }
  }

  private final PriorityQueue<Event> queue = new PriorityQueue<>();
  private long now;
  private long inserted;

  public long now() {
    return now;
  }

  public void after(long delayNanos, Runnable task) {
    queue.add(new Event(now + Math.max(0, delayNanos), inserted++, task));
  }

  /** Runs the next event; false if there is none. */
  public boolean step() {
    Event event = queue.poll();
    if (event == null) {
      return false;
    }
    now = event.at;
    event.task.run();
    return true;
  }

  /** Runs every event up to this time and moves the clock there. */
  public void runUntil(long time) {
    while (!queue.isEmpty() && queue.peek().at <= time) {
      step();
    }
    now = Math.max(now, time);
  }

  public int pending() {
    return queue.size();
  }
}
