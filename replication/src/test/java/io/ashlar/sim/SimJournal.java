package io.ashlar.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * Everything that was written to a medium and synced, in order, so that a test can make the disk
 * that a crash at any moment may have left.
 */
public final class SimJournal {
  /** What happened to the disk. Numbers tell writes and syncs apart. */
  private sealed interface Event {}

  private record WriteBegun(int number, long offsetBytes, byte[] bytes) implements Event {}

  private record WriteDone(int number) implements Event {}

  private record SyncBegun(int number) implements Event {}

  private record SyncDone(int number) implements Event {}

  private final SimMedium before;
  private final List<Event> events = new ArrayList<>();
  private int numbers;

  SimJournal(SimMedium before) {
    this.before = before;
  }

  /** Events so far: a crash point is a number from 0 to this. */
  public int size() {
    return events.size();
  }

  int writeBegun(long offsetBytes, byte[] bytes) {
    events.add(new WriteBegun(++numbers, offsetBytes, bytes));
    return numbers;
  }

  void writeDone(int number) {
    events.add(new WriteDone(number));
  }

  int syncBegun() {
    events.add(new SyncBegun(++numbers));
    return numbers;
  }

  void syncDone(int number) {
    events.add(new SyncDone(number));
  }

  /** The disk as it may be after a power loss just before event number {@code point}. */
  public SimMedium powerLossAt(int point, SimRng rng) {
    List<WriteBegun> running = new ArrayList<>();
    SimMedium medium = at(point, running);
    running.forEach(write -> medium.write(write.offsetBytes, write.bytes));
    medium.losePower(rng);
    return medium;
  }

  /**
   * The same after a kill of the process: what was in flight is done, half done or not done, and
   * what was not synced may still be lost later.
   */
  public SimMedium killAt(int point, SimRng rng) {
    List<WriteBegun> running = new ArrayList<>();
    SimMedium medium = at(point, running);
    for (WriteBegun write : running) {
      if (rng.oneIn(2)) {
        medium.writeInPart(write.offsetBytes, write.bytes, rng);
      } else if (rng.oneIn(2)) {
        medium.write(write.offsetBytes, write.bytes);
      }
    }
    return medium;
  }

  private SimMedium at(int point, List<WriteBegun> running) {
    SimMedium medium = before.fork();
    List<int[]> syncs = new ArrayList<>();
    for (Event event : events.subList(0, point)) {
      switch (event) {
        case WriteBegun write -> running.add(write);
        case WriteDone done -> finish(medium, running, done.number);
        case SyncBegun sync -> syncs.add(new int[] {sync.number, medium.unsyncedCount()});
        case SyncDone done -> sync(medium, syncs, done.number);
      }
    }
    return medium;
  }

  private static void finish(SimMedium medium, List<WriteBegun> running, int number) {
    for (int i = 0; i < running.size(); i++) {
      if (running.get(i).number == number) {
        WriteBegun write = running.remove(i);
        medium.write(write.offsetBytes, write.bytes);
        return;
      }
    }
  }

  private static void sync(SimMedium medium, List<int[]> syncs, int number) {
    for (int i = 0; i < syncs.size(); i++) {
      if (syncs.get(i)[0] == number) {
        int covered = syncs.remove(i)[1];
        medium.makeDurable(covered);
        syncs.forEach(later -> later[1] = Math.max(0, later[1] - covered));
        return;
      }
    }
  }
}
