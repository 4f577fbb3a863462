package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.store.map.Place;
import java.nio.ByteBuffer;

/**
 * Reads the stored bytes of blocks, with the pages they lie in, into one buffer, neighbours on disk
 * in one go. The segments are pinned meanwhile, so that their pages are not written anew. Once;
 * loop thread only.
 */
final class BlockReads {
  private final Disk disk;
  private final Segments segments;
  private final long[] places;
  private final int[] storedBytes;

  /** Page of the buffer in which each block begins. */
  private final int[] bufferPages;

  private final boolean[] unreadable;
  private final Payload bytes;
  private final Runnable done;
  private int outstanding;

  /**
   * @param places not empty
   * @param done told once; {@link #bytes} is the caller's then
   */
  BlockReads(
      Disk disk,
      PayloadPool pool,
      Segments segments,
      long[] places,
      int[] storedBytes,
      Runnable done) {
    this.disk = disk;
    this.segments = segments;
    this.places = places;
    this.storedBytes = storedBytes;
    this.done = done;
    this.unreadable = new boolean[places.length];
    this.bufferPages = new int[places.length];
    for (int i = 1; i < places.length; i++) {
      bufferPages[i] =
          goesOn(i)
              ? bufferPages[i - 1] + page(i) - page(i - 1)
              : bufferPages[i - 1] + pages(i - 1);
    }
    int last = places.length - 1;
    this.bytes = pool.lease((bufferPages[last] + pages(last)) * PAGE_BYTES);
  }

  private int page(int index) {
    return Place.page(places[index]);
  }

  /** Pages in which the block's bytes lie; one if there are none, of a damaged block. */
  private int pages(int index) {
    return Math.max(1, Format.pages(Place.offsetBytes(places[index]) + storedBytes[index]));
  }

  /** Whether the block begins where the one before ends, or in the same page. */
  private boolean goesOn(int index) {
    int end = page(index - 1) + pages(index - 1);
    boolean close = page(index) == end || page(index) == end - 1;
    return close && segments.segmentOf(page(index)) == segments.segmentOf(page(index - 1));
  }

  void start() {
    outstanding = 1;
    int from = 0;
    for (int i = 1; i <= places.length; i++) {
      if (i == places.length || !goesOn(i)) {
        read(from, i);
        from = i;
      }
    }
    completed();
  }

  /** Reads the blocks of these indexes, which are neighbours on disk. */
  private void read(int from, int end) {
    outstanding++;
    int page = page(from);
    int count = bufferPages[end - 1] + pages(end - 1) - bufferPages[from];
    ByteBuffer into = bytes.view(bufferPages[from] * PAGE_BYTES, count * PAGE_BYTES);
    segments.pin(page);
    disk.read(
        Integer.toUnsignedLong(page) << Format.PAGE_SHIFT,
        into,
        errno -> {
          segments.unpin(page);
          if (errno != 0) {
            readFailed(from, end);
          }
          completed();
        });
  }

  /** Tries blocks one by one: those that cannot be read are damaged, the others are not. */
  private void readFailed(int from, int end) {
    if (end - from == 1) {
      unreadable[from] = true;
      return;
    }
    for (int i = from; i < end; i++) {
      read(i, i + 1);
    }
  }

  private void completed() {
    if (--outstanding == 0) {
      done.run();
    }
  }

  /** All that was read. */
  Payload bytes() {
    return bytes;
  }

  /** Where in {@link #bytes} the block's bytes begin. */
  int at(int index) {
    return bufferPages[index] * PAGE_BYTES + Place.offsetBytes(places[index]);
  }

  /** Whether the block could be read and is what was written. */
  boolean intact(int index, int crc) {
    return !unreadable[index] && Format.crc(bytes.view(), at(index), storedBytes[index]) == crc;
  }
}
