package io.ashlar.store;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Versions of a replica's entries that are queued or being written: what a block will be once
 * everything queued so far is applied. Later tickets win, whatever their versions.
 *
 * <p>Blocks are in a hash table with linear probing, since there may be one per block in flight;
 * ranges are few and kept in a list.
 */
final class PendingVersions {
  private record PendingRange(long first, long end, long version, long ticket) {}

  private static final int SLOTS_MIN = 16;

  private final List<PendingRange> ranges = new ArrayList<>();
  private long[] keys = new long[SLOTS_MIN];
  private long[] tickets = new long[SLOTS_MIN];
  private long[] versions = new long[SLOTS_MIN];
  private int used;

  /** Version the block is about to have, or -1 if nothing is queued for it. */
  long version(long block) {
    int slot = slot(block);
    boolean found = keys[slot] != 0;
    long ticket = found ? tickets[slot] : -1;
    long version = found ? versions[slot] : -1;
    for (PendingRange range : ranges) {
      if (range.first <= block && block < range.end && range.ticket > ticket) {
        ticket = range.ticket;
        version = range.version;
      }
    }
    return version;
  }

  /**
   * Where the answer of {@link #version} may change within {@code first} to {@code end}, these two
   * included, ascending.
   */
  SortedSet<Long> bounds(long first, long end) {
    SortedSet<Long> bounds = new TreeSet<>(List.of(first, end));
    for (long key : keys) {
      if (key > first && key <= end) {
        bounds.add(key - 1);
        bounds.add(key);
      }
    }
    for (PendingRange range : ranges) {
      if (range.first < end && range.end > first) {
        bounds.add(Math.max(first, range.first));
        bounds.add(Math.min(end, range.end));
      }
    }
    return bounds;
  }

  void addBlock(long block, long version, long ticket) {
    if (used * 2 >= keys.length) {
      grow();
    }
    int slot = slot(block);
    used += keys[slot] == 0 ? 1 : 0;
    keys[slot] = block + 1;
    tickets[slot] = ticket;
    versions[slot] = version;
  }

  void addRange(long first, long end, long version, long ticket) {
    ranges.add(new PendingRange(first, end, version, ticket));
  }

  /** The block's entry of this ticket is applied; nothing changes if a later one is queued. */
  void removeBlock(long block, long ticket) {
    int slot = slot(block);
    if (keys[slot] != 0 && tickets[slot] == ticket) {
      removeSlot(slot);
      used--;
    }
  }

  void removeRange(long first, long end, long ticket) {
    for (int i = 0; i < ranges.size(); i++) {
      PendingRange range = ranges.get(i);
      if (range.first == first && range.end == end && range.ticket == ticket) {
        ranges.remove(i);
        return;
      }
    }
  }

  /** Slot of the block, or the free slot where it would go. */
  private int slot(long block) {
    int mask = keys.length - 1;
    int slot = home(block + 1);
    while (keys[slot] != 0 && keys[slot] != block + 1) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private int home(long key) {
    return (int) ((key * 0x9E3779B97F4A7C15L) >>> 40) & (keys.length - 1);
  }

  /** Closes the gap, so that probing finds everything behind it (Knuth, volume 3, algorithm R). */
  private void removeSlot(int removed) {
    int mask = keys.length - 1;
    int gap = removed;
    int slot = (gap + 1) & mask;
    while (keys[slot] != 0) {
      int distanceFromHome = (slot - home(keys[slot])) & mask;
      if (distanceFromHome >= ((slot - gap) & mask)) {
        move(slot, gap);
        gap = slot;
      }
      slot = (slot + 1) & mask;
    }
    keys[gap] = 0;
  }

  private void move(int from, int to) {
    keys[to] = keys[from];
    tickets[to] = tickets[from];
    versions[to] = versions[from];
  }

  private void grow() {
    long[] oldKeys = keys;
    long[] oldTickets = tickets;
    long[] oldVersions = versions;
    keys = new long[oldKeys.length * 2];
    tickets = new long[keys.length];
    versions = new long[keys.length];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        int slot = slot(oldKeys[i] - 1);
        keys[slot] = oldKeys[i];
        tickets[slot] = oldTickets[i];
        versions[slot] = oldVersions[i];
      }
    }
  }
}
