package io.ashlar.store;

import io.ashlar.env.Disk;
import java.util.ArrayList;
import java.util.List;

/**
 * Merges syncs: at most one runs, everybody who asks meanwhile shares the next one. Loop thread
 * only.
 */
final class SyncGate {
  /** What the gate needs from the engine. */
  interface Host {
    /**
     * Ends of what is applied now, one of each stream; given back when they have become durable.
     */
    long[] appliedMarks();

    void durable(long[] marks);

    void ioFailed(String operation, int errno);
  }

  private final Disk disk;
  private final Host host;
  private List<Append.Done> waiting = new ArrayList<>();
  private List<Append.Done> running;
  private boolean failed;

  SyncGate(Disk disk, Host host) {
    this.disk = disk;
    this.host = host;
  }

  /** Asks for a sync of everything written before; not to be called once {@link #fail} was. */
  void request(Append.Done done) {
    waiting.add(done);
    if (running == null) {
      start();
    }
  }

  /** Answers everybody with a failure; a sync that still runs is not waited for. */
  void fail() {
    failed = true;
    List<Append.Done> all = new ArrayList<>();
    if (running != null) {
      all.addAll(running);
    }
    all.addAll(waiting);
    running = null;
    waiting = new ArrayList<>();
    all.forEach(done -> done.done(true));
  }

  private void start() {
    running = waiting;
    waiting = new ArrayList<>();
    long[] marks = host.appliedMarks();
    disk.sync(errno -> completed(errno, marks));
  }

  private void completed(int errno, long[] marks) {
    if (failed) {
      return;
    }
    if (errno != 0) {
      host.ioFailed("sync", errno);
      return;
    }
    host.durable(marks);
    List<Append.Done> done = running;
    running = null;
    if (!waiting.isEmpty()) {
      start();
    }
    done.forEach(waiter -> waiter.done(false));
  }
}
