package io.ashlar.store.map;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Nodes as they lie on the disk, little-endian.
 *
 * <pre>
 * off size field     rule
 *   0    4 crc32c    over the rest of the node
 *   4    4 replica   number of the replica on this disk
 *   8    8 number    bit 63: not a leaf; else which one of its level, from block 0 on
 *  16      body      then zeros up to a multiple of 16
 *
 * body of a leaf: runs of blocks
 *   0    1 first     block in the extent
 *   1    1 count     minus 1
 *   2    1 kind      1 data, consecutive pages and versions; 2 tombstones of one version; 3 lost;
 *                   0: no more
 *   3    1 reserved  0
 *   4    4 page      of the first block's data; 0 for tombstones, 1 for lost blocks
 *   8    8 version   of the first block; 0 for lost blocks
 *  16    4 crc32c    of each block's bytes; data only
 *
 * body of a node above leaves: number of runs 2, then runs of extents that are alike; what no run
 * tells of is empty
 *   0    1 first     extent in the node
 *   1    1 count     minus 1
 *   2    8 version   of each extent
 *  10    8 word      see NodeWord
 * </pre>
 */
final class NodeCodec {
  static final int LEAF_BYTES_MAX = 16 + EXTENT_BLOCKS * 20 + 16;
  static final int MID_BYTES_MAX = 16 + 2 + Mid.LEAVES * 18 + 16;

  /** In a node's number: it is not a leaf. */
  static final long ABOVE = 1L << 63;

  /** Length of a leaf that says nothing. */
  static final int EMPTY_LEAF_BYTES = 16;

  private static final int HEAD_BYTES = 16;
  private static final int RUN_BYTES = 16;
  private static final int MID_RUN_BYTES = 18;
  private static final int DATA = 1;
  private static final int TOMBSTONES = 2;
  private static final int LOST = 3;

  private NodeCodec() {}

  /**
   * Writes the leaf at {@code at}; returns its length.
   *
   * @param letGo tombstones up to this version are left out
   */
  static int encode(Leaf leaf, long letGo, ByteBuffer into, int at) {
    int end = at + HEAD_BYTES;
    int first = 0;
    while (first < EXTENT_BLOCKS) {
      int count = runLength(leaf, first);
      if (leaf.place(first) != 0 || leaf.version(first) > letGo) {
        end = encodeRun(leaf, first, count, into, end);
      }
      first += count;
    }
    return finish(leaf.map.replica(), leaf.number(), into, at, end);
  }

  private static int encodeRun(Leaf leaf, int first, int count, ByteBuffer into, int at) {
    int kind = kind(leaf.place(first));
    boolean data = kind == DATA;
    into.put(at, (byte) first);
    into.put(at + 1, (byte) (count - 1));
    into.put(at + 2, (byte) kind);
    into.put(at + 3, (byte) 0);
    into.putInt(at + 4, leaf.place(first));
    into.putLong(at + 8, leaf.version(first));
    int end = at + RUN_BYTES;
    for (int i = 0; data && i < count; i++) {
      into.putInt(end, leaf.crc(first + i));
      end += Integer.BYTES;
    }
    return end;
  }

  private static int kind(int place) {
    return switch (place) {
      case 0 -> TOMBSTONES;
      case Leaf.LOST -> LOST;
      default -> DATA;
    };
  }

  private static int runLength(Leaf leaf, int first) {
    int place = leaf.place(first);
    long version = leaf.version(first);
    int i = first + 1;
    if (kind(place) != DATA) {
      while (i < EXTENT_BLOCKS && leaf.place(i) == place && leaf.version(i) == version) {
        i++;
      }
    } else {
      while (i < EXTENT_BLOCKS
          && leaf.place(i) == place + i - first
          && leaf.version(i) == version + i - first) {
        i++;
      }
    }
    return i - first;
  }

  /** False if the bytes are not those of this leaf. */
  static boolean decode(ByteBuffer from, Leaf leaf) {
    if (!isWhole(from, leaf.map.replica(), leaf.number())) {
      return false;
    }
    leaf.fill(0);
    int at = HEAD_BYTES;
    while (at + RUN_BYTES <= from.limit() && from.get(at + 2) != 0) {
      int first = Byte.toUnsignedInt(from.get(at));
      int count = Byte.toUnsignedInt(from.get(at + 1)) + 1;
      int kind = from.get(at + 2);
      boolean data = kind == DATA;
      int place = from.getInt(at + 4);
      long version = from.getLong(at + 8);
      at += RUN_BYTES;
      boolean fits =
          first + count <= EXTENT_BLOCKS
              && kind <= LOST
              && (kind != LOST || (place == Leaf.LOST && version == 0))
              && (kind != TOMBSTONES || place == 0)
              && (!data || at + count * Integer.BYTES <= from.limit());
      if (!fits) {
        return false;
      }
      for (int i = 0; i < count; i++) {
        if (data) {
          leaf.set(first + i, version + i, place + i, from.getInt(at));
          at += Integer.BYTES;
        } else {
          leaf.set(first + i, version, place, 0);
        }
      }
    }
    return true;
  }

  /** Writes a node above leaves from the bytes of its slot; returns its length. */
  static int encode(Mid mid, ByteBuffer content, int base, ByteBuffer into, int at) {
    int runs = 0;
    int end = at + HEAD_BYTES + Short.BYTES;
    int first = 0;
    while (first < Mid.LEAVES) {
      long version = content.getLong(base + first * Mid.ENTRY_BYTES);
      long word = content.getLong(base + first * Mid.ENTRY_BYTES + Long.BYTES);
      int next = first + 1;
      while (next < Mid.LEAVES
          && content.getLong(base + next * Mid.ENTRY_BYTES) == version
          && content.getLong(base + next * Mid.ENTRY_BYTES + Long.BYTES) == word) {
        next++;
      }
      if (version != 0 || word != NodeWord.NONE) {
        into.put(end, (byte) first);
        into.put(end + 1, (byte) (next - first - 1));
        into.putLong(end + 2, version);
        into.putLong(end + 10, word);
        end += MID_RUN_BYTES;
        runs++;
      }
      first = next;
    }
    into.putShort(at + HEAD_BYTES, (short) runs);
    return finish(mid.map.replica(), mid.number() | ABOVE, into, at, end);
  }

  /** Told of extents that are alike. */
  private interface MidRun {
    void run(int first, int count, long version, long word);
  }

  /** False if the bytes are not those of this node; some runs may have been told then. */
  private static boolean readMid(ByteBuffer from, int replica, long number, MidRun visitor) {
    if (!isWhole(from, replica, number | ABOVE)) {
      return false;
    }
    int runs = from.getShort(HEAD_BYTES);
    int at = HEAD_BYTES + Short.BYTES;
    if (runs < 0 || at + runs * MID_RUN_BYTES > from.limit()) {
      return false;
    }
    for (int i = 0; i < runs; i++) {
      int first = Byte.toUnsignedInt(from.get(at));
      int count = Byte.toUnsignedInt(from.get(at + 1)) + 1;
      if (first + count > Mid.LEAVES) {
        return false;
      }
      visitor.run(first, count, from.getLong(at + 2), from.getLong(at + 10));
      at += MID_RUN_BYTES;
    }
    return true;
  }

  /** False if the bytes are not those of this node. */
  static boolean decode(ByteBuffer from, Mid mid) {
    mid.fill(0, NodeWord.NONE);
    return readMid(
        from,
        mid.map.replica(),
        mid.number(),
        (first, count, version, word) -> {
          for (int i = first; i < first + count; i++) {
            mid.setVersion(i, version);
            mid.setWord(i, word);
          }
        });
  }

  /** False if the bytes are not those of this leaf. */
  static boolean visitLeaf(ByteBuffer from, DeadNode node, NodeReader.Visitor visitor) {
    if (!isWhole(from, node.replica(), node.number())) {
      return false;
    }
    int at = HEAD_BYTES;
    while (at + RUN_BYTES <= from.limit() && from.get(at + 2) != 0) {
      boolean data = from.get(at + 2) == DATA;
      int count = Byte.toUnsignedInt(from.get(at + 1)) + 1;
      for (int i = 0; data && i < count; i++) {
        visitor.block(from.getInt(at + 4) + i);
      }
      at += RUN_BYTES + (data ? count * Integer.BYTES : 0);
    }
    return true;
  }

  /** False if the bytes are not those of this node. */
  static boolean visitMid(ByteBuffer from, DeadNode node, NodeReader.Visitor visitor) {
    return readMid(
        from,
        node.replica(),
        node.number(),
        (first, count, version, word) -> {
          if (NodeWord.isNode(word)) {
            long number = (node.number() << Mid.LEAVES_SHIFT) + first;
            visitor.node(new DeadNode(node.replica(), true, number, word));
          }
        });
  }

  static NodeReader.Finding checkLeaf(ByteBuffer from, int replica, long number) {
    if (!isWhole(from, replica, number)) {
      return NodeReader.Finding.DAMAGED;
    }
    int at = HEAD_BYTES;
    while (at + RUN_BYTES <= from.limit() && from.get(at + 2) != 0) {
      if (from.get(at + 2) == LOST) {
        return NodeReader.Finding.LOST;
      }
      int count = Byte.toUnsignedInt(from.get(at + 1)) + 1;
      at += RUN_BYTES + (from.get(at + 2) == DATA ? count * Integer.BYTES : 0);
    }
    return NodeReader.Finding.WHOLE;
  }

  static NodeReader.Finding checkMid(ByteBuffer from, int replica, long number) {
    boolean[] lost = new boolean[1];
    boolean whole =
        readMid(
            from,
            replica,
            number,
            (first, count, version, word) -> lost[0] |= word == NodeWord.LOST);
    if (!whole) {
      return NodeReader.Finding.DAMAGED;
    }
    return lost[0] ? NodeReader.Finding.LOST : NodeReader.Finding.WHOLE;
  }

  /** Whether these are the bytes of that node. */
  private static boolean isWhole(ByteBuffer from, int replica, long number) {
    return from.limit() > HEAD_BYTES
        && from.getInt(4) == replica
        && from.getLong(8) == number
        && from.getInt(0) == crc(from, Integer.BYTES, from.limit());
  }

  private static int finish(int replica, long number, ByteBuffer into, int at, int end) {
    int padded = end;
    while ((padded - at) % NodeWord.UNIT_BYTES != 0) {
      into.put(padded++, (byte) 0);
    }
    into.putInt(at + 4, replica);
    into.putLong(at + 8, number);
    into.putInt(at, crc(into, at + Integer.BYTES, padded));
    return padded - at;
  }

  private static int crc(ByteBuffer buffer, int from, int end) {
    CRC32C crc = new CRC32C();
    crc.update(buffer.duplicate().clear().position(from).limit(end));
    return (int) crc.getValue();
  }
}
