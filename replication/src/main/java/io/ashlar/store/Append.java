package io.ashlar.store;

import io.ashlar.block.Payload;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.store.map.Hold;
import java.nio.ByteBuffer;

/**
 * Entries of one operation on their way into the log; they may be spread over several batches. Owns
 * one count of its payload until {@link #finish}.
 */
final class Append {
  /** Told once, when all entries are applied or the disk failed. */
  interface Done {
    void done(boolean failed);
  }

  final LogReplica replica;
  final LogEntry[] entries;

  /** Orders what is queued; see {@link PendingVersions}. */
  final long ticket;

  /** For what collection writes again: place of each block; else null. */
  final long[] oldPlaces;

  /** What a META entry says, else null. */
  final ReplicaMeta meta;

  /** Where in {@link #bytes} each entry's payload begins; unused without one. */
  final int[] sources;

  private final ByteBuffer bytes;
  private final Payload payload;
  private final Done done;
  private Hold hold;
  private int next;
  private int unfinished;

  Append(
      LogReplica replica,
      LogEntry[] entries,
      int[] sources,
      long[] oldPlaces,
      Payload payload,
      long ticket,
      Done done) {
    this(
        replica,
        entries,
        sources,
        oldPlaces,
        payload,
        payload == null ? null : payload.view(),
        null,
        ticket,
        done);
  }

  private Append(
      LogReplica replica,
      LogEntry[] entries,
      int[] sources,
      long[] oldPlaces,
      Payload payload,
      ByteBuffer bytes,
      ReplicaMeta meta,
      long ticket,
      Done done) {
    this.replica = replica;
    this.entries = entries;
    this.sources = sources;
    this.oldPlaces = oldPlaces;
    this.payload = payload;
    this.bytes = bytes;
    this.meta = meta;
    this.ticket = ticket;
    this.done = done;
    this.unfinished = entries.length;
  }

  /** The replica's small state. */
  static Append ofMeta(LogReplica replica, ReplicaMeta meta, Done done) {
    ByteBuffer bytes = MetaCodec.encode(meta);
    int crc = Format.crc(bytes, 0, bytes.limit());
    LogEntry entry = LogEntry.meta(replica.content().number(), crc, bytes.limit());
    return new Append(
        replica, new LogEntry[] {entry}, new int[1], null, null, bytes, meta, 0, done);
  }

  /** Entries without payload that an operation makes. */
  static Append ofEntries(LogReplica replica, LogEntry[] entries, long ticket, Done done) {
    return new Append(replica, entries, null, null, null, null, null, ticket, done);
  }

  /** Keeps what the entries will change in memory until they are applied. */
  Append holding(Hold kept) {
    hold = kept;
    return this;
  }

  boolean hasNext() {
    return next < entries.length;
  }

  int nextIndex() {
    return next;
  }

  void advance() {
    next++;
  }

  /** An entry is applied, or was not needed any more. */
  void settle() {
    unfinished--;
  }

  boolean settled() {
    return unfinished == 0;
  }

  /** Copies the entry's stored bytes to {@code at}, and zeros behind them. */
  void copyPayload(int index, ByteBuffer into, int at) {
    LogEntry entry = entries[index];
    int stored = entry.storedBytes();
    int room = entry.isPacked() ? BatchLayout.packedBytes(entry) : Format.PAGE_BYTES;
    into.put(at, bytes, sources[index], stored);
    for (int i = stored; i < room; i++) {
      into.put(at + i, (byte) 0);
    }
  }

  void finish(boolean failed) {
    if (hold != null) {
      hold.release();
    }
    if (payload != null) {
      payload.release();
    }
    done.done(failed);
  }
}
