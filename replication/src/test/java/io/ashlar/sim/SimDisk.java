package io.ashlar.sim;

import io.ashlar.env.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One process's handle on a {@link SimMedium}. Operations take a random time and complete in any
 * order; a write takes effect when it completes. After {@link #crash} the handle is dead: nothing
 * completes any more, and what was in flight has reached the medium whole, in part or not at all.
 * The next process opens a new handle on the same medium.
 */
public final class SimDisk implements Disk {
  /** EIO of errno(3). */
  public static final int EIO = 5;

  private static final int ALIGNMENT_BYTES = 4096;

  /** Ranges and operations that fail. */
  private record Fault(
      long offsetBytes, long lengthBytes, boolean reads, boolean writes, boolean mendedByWrite) {
    boolean hits(long offset, long length, boolean write) {
      return offset < offsetBytes + lengthBytes
          && offset + length > offsetBytes
          && (write ? writes : reads);
    }
  }

  /** A write that the medium does not have yet. */
  private record Running(long offsetBytes, byte[] bytes, int journalNumber) {}

  private final SimMedium medium;
  private final SimEvents events;
  private final SimRng rng;
  private final List<Fault> faults = new ArrayList<>();
  private final List<Running> running = new ArrayList<>();
  private long latencyNanosMin = 20_000;
  private long latencyNanosMax = 200_000;
  private int slowFactor = 1;
  private int readsNow;
  private long nextReadDelayNanos;
  private boolean syncsFail;
  private boolean broken;
  private boolean dead;

  /** Opens the medium; {@code rng} is this handle's own. */
  public SimDisk(SimMedium medium, SimEvents events, SimRng rng) {
    this.medium = medium;
    this.events = events;
    this.rng = rng;
  }

  public SimMedium medium() {
    return medium;
  }

  public boolean isDead() {
    return dead;
  }

  public void latency(long minNanos, long maxNanos) {
    latencyNanosMin = minNanos;
    latencyNanosMax = maxNanos;
  }

  /** Blocking reads so far, of whatever length. */
  public int readsNow() {
    return readsNow;
  }

  /** The next read takes this much longer. */
  public void delayNextRead(long nanos) {
    nextReadDelayNanos = nanos;
  }

  /** Everything takes this many times as long, until set to 1 again. */
  public void slow(int factor) {
    slowFactor = factor;
  }

  public void failReads(long offsetBytes, long lengthBytes) {
    faults.add(new Fault(offsetBytes, lengthBytes, true, false, false));
  }

  public void failWrites(long offsetBytes, long lengthBytes) {
    faults.add(new Fault(offsetBytes, lengthBytes, false, true, false));
  }

  /** Reads of this range fail until something is written there: a disk puts it elsewhere then. */
  public void badSectors(long offsetBytes, long lengthBytes) {
    faults.add(new Fault(offsetBytes, lengthBytes, true, false, true));
  }

  public void failSyncs() {
    syncsFail = true;
  }

  /** Nothing works any more. */
  public void breakDown() {
    broken = true;
    faults.add(new Fault(0, medium.sizeBytes(), true, true, false));
    syncsFail = true;
  }

  /** Whether it has broken down for good, as far as this handle goes. */
  boolean isBroken() {
    return broken;
  }

  public void heal() {
    faults.clear();
    syncsFail = false;
  }

  /** The process died: writes in flight are done, half done or not done. */
  public void crash() {
    if (dead) {
      return;
    }
    dead = true;
    for (Running write : running) {
      int fate = rng.nextInt(3);
      if (fate == 0) {
        medium.write(write.offsetBytes, write.bytes);
      } else if (fate == 1) {
        medium.writeInPart(write.offsetBytes, write.bytes, rng);
      }
    }
    running.clear();
  }

  /** The machine lost power: the process died, and sectors that were not synced may be lost. */
  public void losePower() {
    for (Running write : running) {
      medium.write(write.offsetBytes, write.bytes);
    }
    running.clear();
    dead = true;
    medium.losePower(rng);
  }

  @Override
  public long sizeBytes() {
    return medium.sizeBytes();
  }

  @Override
  public int alignment() {
    return ALIGNMENT_BYTES;
  }

  @Override
  public void read(long offsetBytes, ByteBuffer into, Callback done) {
    checkAligned(offsetBytes, into.remaining());
    long delay = nextReadDelayNanos;
    nextReadDelayNanos = 0;
    later(
        delay,
        () -> {
          int errno = errno(offsetBytes, into.remaining(), false);
          if (errno == 0) {
            into.put(bytesAt(offsetBytes, into.remaining()));
          }
          done.done(errno);
        });
  }

  @Override
  public void write(long offsetBytes, ByteBuffer from, Callback done) {
    checkAligned(offsetBytes, from.remaining());
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    Running write = new Running(offsetBytes, bytes, journalWrite(offsetBytes, bytes));
    running.add(write);
    later(
        () -> {
          running.remove(write);
          int errno = errno(offsetBytes, bytes.length, true);
          if (errno == 0) {
            faults.removeIf(
                fault -> fault.mendedByWrite && fault.hits(offsetBytes, bytes.length, false));
            medium.write(offsetBytes, bytes);
            journalWriteDone(write.journalNumber);
          }
          done.done(errno);
        });
  }

  @Override
  public void sync(Callback done) {
    int covered = medium.unsyncedCount();
    SimJournal journal = medium.journal();
    int number = journal == null ? 0 : journal.syncBegun();
    later(
        () -> {
          if (syncsFail) {
            done.done(EIO);
            return;
          }
          medium.makeDurable(covered);
          if (journal != null) {
            journal.syncDone(number);
          }
          done.done(0);
        });
  }

  @Override
  public void readNow(long offsetBytes, ByteBuffer into) throws IOException {
    checkAligned(offsetBytes, into.remaining());
    readsNow++;
    refuse(offsetBytes, into.remaining(), false);
    into.put(bytesAt(offsetBytes, into.remaining()));
  }

  @Override
  public void writeNow(long offsetBytes, ByteBuffer from) throws IOException {
    checkAligned(offsetBytes, from.remaining());
    refuse(offsetBytes, from.remaining(), true);
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    int number = journalWrite(offsetBytes, bytes);
    medium.write(offsetBytes, bytes);
    journalWriteDone(number);
  }

  @Override
  public void syncNow() throws IOException {
    if (syncsFail) {
      throw new IOException("sync of the simulated disk: EIO");
    }
    SimJournal journal = medium.journal();
    int number = journal == null ? 0 : journal.syncBegun();
    medium.makeDurable(medium.unsyncedCount());
    if (journal != null) {
      journal.syncDone(number);
    }
  }

  @Override
  public void discard(long offsetBytes, long lengthBytes) {
    checkAligned(offsetBytes, lengthBytes);
  }

  /** Like the end of the process, but what is in flight still reaches the medium. */
  @Override
  public void close() {
    if (!dead) {
      running.forEach(write -> medium.write(write.offsetBytes, write.bytes));
      running.clear();
      dead = true;
    }
  }

  private void later(Runnable completion) {
    later(0, completion);
  }

  private void later(long delayNanos, Runnable completion) {
    long nanos = delayNanos + rng.between(latencyNanosMin, latencyNanosMax) * slowFactor;
    events.after(
        nanos,
        () -> {
          if (!dead) {
            completion.run();
          }
        });
  }

  private int journalWrite(long offsetBytes, byte[] bytes) {
    return medium.journal() == null ? 0 : medium.journal().writeBegun(offsetBytes, bytes);
  }

  private void journalWriteDone(int number) {
    if (medium.journal() != null) {
      medium.journal().writeDone(number);
    }
  }

  private byte[] bytesAt(long offsetBytes, int length) {
    byte[] bytes = new byte[length];
    medium.read(offsetBytes, bytes);
    return bytes;
  }

  private int errno(long offset, long length, boolean write) {
    return faults.stream().anyMatch(fault -> fault.hits(offset, length, write)) ? EIO : 0;
  }

  private void refuse(long offset, long length, boolean write) throws IOException {
    if (errno(offset, length, write) != 0) {
      throw new IOException("simulated disk, offset " + offset + ": EIO");
    }
  }

  private void checkAligned(long offsetBytes, long lengthBytes) {
    if (offsetBytes % ALIGNMENT_BYTES != 0
        || lengthBytes % ALIGNMENT_BYTES != 0
        || offsetBytes < 0
        || offsetBytes + lengthBytes > sizeBytes()) {
      throw new IllegalArgumentException(
          "transfer of " + lengthBytes + " bytes at " + offsetBytes + " on " + sizeBytes());
    }
  }
}
