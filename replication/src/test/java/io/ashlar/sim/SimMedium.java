package io.ashlar.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The bytes of a simulated disk, which outlive the processes that use it. What was written is seen
 * by reads at once; what is durable is known too, so that a power loss can take the rest away.
 * Memory is taken in chunks when they are first written.
 */
public final class SimMedium {
  static final int SECTOR_BYTES = 512;
  private static final int CHUNK_BYTES = 64 << 10;

  /** A write that no completed sync covers. */
  record Unsynced(long offsetBytes, byte[] bytes) {}

  private final long sizeBytes;
  private final byte[][] current;
  private final byte[][] durable;
  private final List<Unsynced> unsynced = new ArrayList<>();
  private SimJournal journal;

  public SimMedium(long sizeBytes) {
    this.sizeBytes = sizeBytes;
    int chunks = Math.toIntExact((sizeBytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
    current = new byte[chunks][];
    durable = new byte[chunks][];
  }

  public long sizeBytes() {
    return sizeBytes;
  }

  /** Records every write and sync from now on. */
  public SimJournal record() {
    journal = new SimJournal(fork());
    return journal;
  }

  /** A disk of its own with the same bytes, and what is not durable here is not durable there. */
  SimMedium fork() {
    SimMedium fork = copy();
    for (int i = 0; i < durable.length; i++) {
      fork.durable[i] = durable[i] == null ? null : durable[i].clone();
    }
    fork.unsynced.addAll(unsynced);
    return fork;
  }

  SimJournal journal() {
    return journal;
  }

  /** A disk of its own with the same bytes, all of them durable. */
  public SimMedium copy() {
    SimMedium copy = new SimMedium(sizeBytes);
    for (int i = 0; i < current.length; i++) {
      copy.current[i] = current[i] == null ? null : current[i].clone();
      copy.durable[i] = current[i] == null ? null : current[i].clone();
    }
    return copy;
  }

  /** A disk of its own as this one would be after a power loss at this moment. */
  SimMedium withoutPower(SimRng rng) {
    SimMedium fork = fork();
    fork.losePower(rng);
    return fork;
  }

  /** A disk with the first bytes of this one, as a truncated file has. */
  public SimMedium truncated(long newSizeBytes) {
    SimMedium copy = new SimMedium(newSizeBytes);
    byte[] bytes = new byte[(int) newSizeBytes];
    read(0, bytes);
    copy.poke(0, bytes);
    return copy;
  }

  public void read(long offsetBytes, byte[] into) {
    copyOut(current, offsetBytes, into);
  }

  /** Changes bytes behind everybody's back, durably. */
  public void poke(long offsetBytes, byte[] bytes) {
    copyIn(current, offsetBytes, bytes, 0, bytes.length);
    copyIn(durable, offsetBytes, bytes, 0, bytes.length);
  }

  /** Flips one bit, durably: bit rot. */
  public void flipBit(long offsetBytes, int bit) {
    byte[] one = new byte[1];
    read(offsetBytes, one);
    one[0] ^= (byte) (1 << bit);
    poke(offsetBytes, one);
  }

  void write(long offsetBytes, byte[] bytes) {
    copyIn(current, offsetBytes, bytes, 0, bytes.length);
    unsynced.add(new Unsynced(offsetBytes, bytes));
  }

  /** Only some sectors of a write reach the disk, as when the process dies meanwhile. */
  void writeInPart(long offsetBytes, byte[] bytes, SimRng rng) {
    for (int at = 0; at < bytes.length; at += SECTOR_BYTES) {
      if (rng.oneIn(2)) {
        write(offsetBytes + at, Arrays.copyOfRange(bytes, at, sectorEnd(bytes, at)));
      }
    }
  }

  /** How many writes a sync that starts now will make durable. */
  int unsyncedCount() {
    return unsynced.size();
  }

  /** The first {@code count} of the unsynced writes are durable from now on. */
  void makeDurable(int count) {
    List<Unsynced> synced = unsynced.subList(0, count);
    for (Unsynced write : synced) {
      copyIn(durable, write.offsetBytes, write.bytes, 0, write.bytes.length);
    }
    synced.clear();
  }

  /** Each sector of each unsynced write is kept, dropped or torn; what is left is durable. */
  public void losePower(SimRng rng) {
    for (Unsynced write : unsynced) {
      keepSome(write, rng);
    }
    unsynced.clear();
    for (int i = 0; i < current.length; i++) {
      current[i] = durable[i] == null ? null : durable[i].clone();
    }
  }

  private void keepSome(Unsynced write, SimRng rng) {
    int mood = rng.nextInt(4);
    for (int at = 0; at < write.bytes.length; at += SECTOR_BYTES) {
      int end = sectorEnd(write.bytes, at);
      int fate = mood == 0 ? 0 : mood == 1 ? 5 : rng.nextInt(10);
      if (fate < 5) {
        copyIn(durable, write.offsetBytes + at, write.bytes, at, end - at);
      } else if (fate == 9) {
        copyIn(durable, write.offsetBytes + at, write.bytes, at, rng.nextInt(end - at));
      }
    }
  }

  private static int sectorEnd(byte[] bytes, int at) {
    return Math.min(bytes.length, at + SECTOR_BYTES);
  }

  private static void copyIn(byte[][] chunks, long offset, byte[] from, int at, int length) {
    int done = 0;
    while (done < length) {
      int chunk = (int) ((offset + done) / CHUNK_BYTES);
      int inChunk = (int) ((offset + done) % CHUNK_BYTES);
      int part = Math.min(length - done, CHUNK_BYTES - inChunk);
      if (chunks[chunk] == null) {
        chunks[chunk] = new byte[CHUNK_BYTES];
      }
      System.arraycopy(from, at + done, chunks[chunk], inChunk, part);
      done += part;
    }
  }

  private static void copyOut(byte[][] chunks, long offset, byte[] into) {
    int done = 0;
    while (done < into.length) {
      int chunk = (int) ((offset + done) / CHUNK_BYTES);
      int inChunk = (int) ((offset + done) % CHUNK_BYTES);
      int part = Math.min(into.length - done, CHUNK_BYTES - inChunk);
      if (chunks[chunk] == null) {
        Arrays.fill(into, done, done + part, (byte) 0);
      } else {
        System.arraycopy(chunks[chunk], inChunk, into, done, part);
      }
      done += part;
    }
  }
}
