package io.ashlar.store;

import io.ashlar.model.ReplicaMeta;
import io.ashlar.store.map.DeadNode;
import io.ashlar.store.map.FrozenMaps.FrozenMap;
import io.ashlar.store.map.NodeWord;
import io.ashlar.store.map.Shard;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * All that is known of a disk at one place of its log: what recovery starts from. Lies in the log,
 * in pieces that the superblock lists. Little-endian, without gaps:
 *
 * <pre>
 * lsn 8 | lastSegment 8 | nextNumber 4 | scrubbed 4 (a segment) | segments 4, each: state 1 (0 free, 1 closed, 2 open, 3 free
 *   then, but with nodes of this checkpoint), if not 0: liveUnits 4, if 1 or 2: sequence 8, closedAt 8
 * | free segments in the order of their use 4, each 4
 * | replicas 4, each: number 4, meta 2 + bytes, mappedBlocks 8, highestVersion 8, letGo 8, storedUnits 8, sealed 1,
 *   shards 4, each: number 4, runs 1, each: first node 1, nodes 1, version 8 and word 8 of each
 * | dead nodes 4, each: replica 4, flags 1 (1 a leaf, 2 of sealed blocks), number 8, word 8
 * </pre>
 *
 * Live units leave the pieces of all checkpoints out.
 */
record CheckpointRecord(
    long lsn,
    long lastSegment,
    int nextNumber,
    int scrubbed,
    SegmentTable segments,
    List<ReplicaRecord> replicas,
    List<DeadNode> deadNodes) {
  static final byte FREE = 0;
  static final byte CLOSED = 1;

  /** Was written to when the checkpoint began, or its summary was. */
  static final byte OPEN = 2;

  /** Was free when the checkpoint began, and was opened to hold some of its nodes. */
  static final byte OPENED = 3;

  /** The segments; arrays are not copied. */
  record SegmentTable(
      byte[] states, long[] sequences, int[] liveUnits, long[] closedAt, List<Integer> free) {
    static SegmentTable blank(int count) {
      List<Integer> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.add(i);
      }
      return new SegmentTable(
          new byte[count], new long[count], new int[count], new long[count], all);
    }
  }

  /** A replica with its progress in the meta. */
  record ReplicaRecord(ReplicaMeta meta, FrozenMap map) {}

  /** What a disk begins with. */
  static CheckpointRecord blank(int segmentCount) {
    return new CheckpointRecord(0, 0, 1, 0, SegmentTable.blank(segmentCount), List.of(), List.of());
  }

  ByteBuffer encode() {
    Out out = new Out();
    out.i64(lsn).i64(lastSegment).i32(nextNumber).i32(scrubbed).i32(segments.states.length);
    for (int i = 0; i < segments.states.length; i++) {
      boolean opened = segments.states[i] == FREE && segments.liveUnits[i] != 0;
      out.u8(opened ? OPENED : segments.states[i]);
      if (opened || segments.states[i] != FREE) {
        out.i32(segments.liveUnits[i]);
      }
      if (segments.states[i] != FREE) {
        out.i64(segments.sequences[i]).i64(segments.closedAt[i]);
      }
    }
    out.i32(segments.free.size());
    segments.free.forEach(out::i32);
    out.i32(replicas.size());
    replicas.forEach(replica -> encode(replica, out));
    out.i32(deadNodes.size());
    for (DeadNode node : deadNodes) {
      int flags = (node.leaf() ? 1 : 0) | (node.sealed() ? 2 : 0);
      out.i32(node.replica()).u8(flags).i64(node.number()).i64(node.word());
    }
    return out.bytes.flip();
  }

  private static void encode(ReplicaRecord replica, Out out) {
    FrozenMap map = replica.map;
    ByteBuffer meta = MetaCodec.encode(replica.meta);
    out.i32(map.replica()).i16(meta.remaining()).put(meta);
    out.i64(map.mappedBlocks()).i64(map.highestVersion()).i64(map.letGo());
    out.i64(map.storedUnits()).u8(map.sealed() ? 1 : 0);
    out.i32(map.shards().size());
    for (Shard shard : map.shards().values()) {
      out.i32(shard.number());
      int runsAt = out.bytes.position();
      out.u8(0);
      int runs = encodeRuns(shard, out);
      out.bytes.put(runsAt, (byte) runs);
    }
  }

  /** Returns how many there are: nodes that are alike lie side by side after trims. */
  private static int encodeRuns(Shard shard, Out out) {
    int runs = 0;
    int first = 0;
    while (first < Shard.MIDS) {
      int next = first + 1;
      while (next < Shard.MIDS
          && shard.version(next) == shard.version(first)
          && shard.word(next) == shard.word(first)) {
        next++;
      }
      if (shard.version(first) != 0 || shard.word(first) != NodeWord.NONE) {
        out.u8(first).u8(next - first).i64(shard.version(first)).i64(shard.word(first));
        runs++;
      }
      first = next;
    }
    return runs;
  }

  /** The record in these bytes, or null if they are not one of a disk with so many segments. */
  static CheckpointRecord decode(ByteBuffer source, int segmentCount) {
    try {
      CheckpointRecord record = read(source.slice().order(ByteOrder.LITTLE_ENDIAN));
      return record != null && record.segments.states.length == segmentCount ? record : null;
    } catch (BufferUnderflowException | IllegalArgumentException notOne) {
      return null;
    }
  }

  private static CheckpointRecord read(ByteBuffer in) {
    long lsn = in.getLong();
    long lastSegment = in.getLong();
    int nextNumber = in.getInt();
    int scrubbed = in.getInt();
    SegmentTable segments = readSegments(in);
    List<ReplicaRecord> replicas = new ArrayList<>();
    for (int i = count(in, 4); i > 0; i--) {
      ReplicaRecord replica = readReplica(in);
      if (replica == null) {
        return null;
      }
      replicas.add(replica);
    }
    List<DeadNode> dead = new ArrayList<>();
    for (int i = count(in, 21); i > 0; i--) {
      int replica = in.getInt();
      int flags = in.get();
      boolean sealed = (flags & 2) != 0;
      dead.add(new DeadNode(replica, (flags & 1) != 0, sealed, in.getLong(), in.getLong()));
    }
    return new CheckpointRecord(lsn, lastSegment, nextNumber, scrubbed, segments, replicas, dead);
  }

  private static SegmentTable readSegments(ByteBuffer in) {
    SegmentTable table = SegmentTable.blank(count(in, 1));
    for (int i = 0; i < table.states.length; i++) {
      table.states[i] = in.get();
      if (table.states[i] != FREE) {
        table.liveUnits[i] = in.getInt();
      }
      if (table.states[i] == CLOSED || table.states[i] == OPEN) {
        table.sequences[i] = in.getLong();
        table.closedAt[i] = in.getLong();
      }
    }
    table.free.clear();
    for (int i = count(in, 4); i > 0; i--) {
      table.free.add(in.getInt());
    }
    return table;
  }

  private static ReplicaRecord readReplica(ByteBuffer in) {
    int number = in.getInt();
    int metaBytes = Short.toUnsignedInt(in.getShort());
    if (metaBytes > in.remaining()) {
      return null;
    }
    ReplicaMeta meta = MetaCodec.decode(in.slice(in.position(), metaBytes));
    in.position(in.position() + metaBytes);
    long mapped = in.getLong();
    long highest = in.getLong();
    long letGo = in.getLong();
    long storedUnits = in.getLong();
    boolean sealed = in.get() != 0;
    TreeMap<Integer, Shard> shards = new TreeMap<>();
    for (int i = count(in, 5); i > 0; i--) {
      Shard shard = new Shard(in.getInt());
      for (int runs = in.get(); runs > 0; runs--) {
        int first = in.get();
        int end = first + in.get();
        long version = in.getLong();
        long word = in.getLong();
        for (int mid = first; mid < Math.min(end, Shard.MIDS); mid++) {
          shard.setVersion(mid, version);
          shard.setWord(mid, word);
        }
      }
      shards.put(shard.number(), shard);
    }
    return meta == null
        ? null
        : new ReplicaRecord(
            meta, new FrozenMap(number, mapped, highest, letGo, storedUnits, sealed, shards));
  }

  /** A count of things of at least this size: more than can follow is no count. */
  private static int count(ByteBuffer in, int bytesEach) {
    int count = in.getInt();
    if (count < 0 || count > in.remaining() / bytesEach) {
      throw new IllegalArgumentException("a count of " + count);
    }
    return count;
  }

  /** A buffer that grows. */
  private static final class Out {
    private ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

    private Out room(int more) {
      if (bytes.remaining() < more) {
        int size = Math.max(bytes.capacity() * 2, bytes.position() + more);
        byte[] grown = Arrays.copyOf(bytes.array(), size);
        bytes = ByteBuffer.wrap(grown).order(ByteOrder.LITTLE_ENDIAN).position(bytes.position());
      }
      return this;
    }

    Out u8(int value) {
      room(1).bytes.put((byte) value);
      return this;
    }

    Out i16(int value) {
      room(2).bytes.putShort((short) value);
      return this;
    }

    Out i32(int value) {
      room(4).bytes.putInt(value);
      return this;
    }

    Out i64(long value) {
      room(8).bytes.putLong(value);
      return this;
    }

    Out put(ByteBuffer more) {
      room(more.remaining()).bytes.put(more);
      return this;
    }
  }
}
