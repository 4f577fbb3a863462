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
 *                   4 sealed without a key, 5 sealed with one, consecutive versions; 0: no more
 *   3    1 reserved  0
 *   4    4 page      of the first block's data; 0 for tombstones and sealed, 1 for lost blocks
 *   8    8 version   of the first block; 0 for lost blocks
 *  16   ..           of each block: nothing, or
 *         4 crc32c   of the stored bytes; data and sealed
 *         4 page     sealed
 *         4 detail   sealed: offset in the page in units of 16 bytes (bits 0-7), codec (8-11),
 *                    stored bytes (12-24)
 *         4 keyId    sealed with a key
 *        16 tag      sealed with a key
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
  static final int LEAF_BYTES_MAX = 16 + EXTENT_BLOCKS * 48 + 16;

  /** Most that a leaf takes on the disk for 16 bytes of its slot, wide or not. */
  static final int LEAF_BYTES_MAX_OF_SLOT = 21;

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
  private static final int SEALED = 4;
  private static final int KEYED = 5;

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
      if (leaf.page(first) != 0 || leaf.version(first) > letGo) {
        end = encodeRun(leaf, first, count, into, end);
      }
      first += count;
    }
    return finish(leaf.map.replica(), leaf.number(), into, at, end);
  }

  private static int encodeRun(Leaf leaf, int first, int count, ByteBuffer into, int at) {
    int kind = kind(leaf, first);
    into.put(at, (byte) first);
    into.put(at + 1, (byte) (count - 1));
    into.put(at + 2, (byte) kind);
    into.put(at + 3, (byte) 0);
    into.putInt(at + 4, kind >= SEALED ? 0 : leaf.page(first));
    into.putLong(at + 8, leaf.version(first));
    int end = at + RUN_BYTES;
    if (bytesOfBlock(kind) > 0) {
      for (int i = first; i < first + count; i++) {
        encodeBlock(leaf, i, kind, into, end);
        end += bytesOfBlock(kind);
      }
    }
    return end;
  }

  private static void encodeBlock(Leaf leaf, int i, int kind, ByteBuffer into, int at) {
    into.putInt(at, leaf.crc(i));
    if (kind >= SEALED) {
      into.putInt(at + 4, leaf.page(i));
      into.putInt(at + 8, leaf.detail(i));
    }
    if (kind == KEYED) {
      into.putInt(at + 12, leaf.keyId(i));
      into.putLong(at + 16, leaf.tagHigh(i));
      into.putLong(at + 24, leaf.tagLow(i));
    }
  }

  private static int kind(Leaf leaf, int i) {
    return switch (leaf.page(i)) {
      case 0 -> TOMBSTONES;
      case (int) Place.LOST -> LOST;
      default -> leaf.detail(i) == 0 ? DATA : leaf.keyId(i) == 0 ? SEALED : KEYED;
    };
  }

  /** What a run has for each of its blocks. */
  private static int bytesOfBlock(int kind) {
    return switch (kind) {
      case DATA -> 4;
      case SEALED -> 12;
      case KEYED -> 32;
      default -> 0;
    };
  }

  private static int runLength(Leaf leaf, int first) {
    int kind = kind(leaf, first);
    int i = first + 1;
    while (i < EXTENT_BLOCKS && kind(leaf, i) == kind && goesOn(leaf, first, i, kind)) {
      i++;
    }
    return i - first;
  }

  private static boolean goesOn(Leaf leaf, int first, int i, int kind) {
    long later = leaf.version(i) - leaf.version(first);
    return bytesOfBlock(kind) == 0
        ? later == 0
        : later == i - first && (kind != DATA || leaf.page(i) == leaf.page(first) + i - first);
  }

  /** Whether the bytes, which may be damaged, tell of sealed blocks. */
  static boolean tellsOfSeals(ByteBuffer from) {
    for (int at = HEAD_BYTES; isRun(from, at); at = endOfRun(from, at)) {
      if (from.get(at + 2) >= SEALED) {
        return true;
      }
    }
    return false;
  }

  private static boolean isRun(ByteBuffer from, int at) {
    return at + RUN_BYTES <= from.limit() && from.get(at + 2) != 0;
  }

  private static int endOfRun(ByteBuffer from, int at) {
    return at + RUN_BYTES + count(from, at) * bytesOfBlock(from.get(at + 2));
  }

  private static int count(ByteBuffer from, int run) {
    return Byte.toUnsignedInt(from.get(run + 1)) + 1;
  }

  /** False if the bytes are not those of this leaf, which is wide if they tell of seals. */
  static boolean decode(ByteBuffer from, Leaf leaf) {
    if (!isWhole(from, leaf.map.replica(), leaf.number())) {
      return false;
    }
    leaf.fill(0);
    for (int at = HEAD_BYTES; isRun(from, at); at = endOfRun(from, at)) {
      if (!decodeRun(from, at, leaf)) {
        return false;
      }
    }
    return true;
  }

  private static boolean decodeRun(ByteBuffer from, int at, Leaf leaf) {
    int first = Byte.toUnsignedInt(from.get(at));
    int count = count(from, at);
    int kind = from.get(at + 2);
    int page = from.getInt(at + 4);
    long version = from.getLong(at + 8);
    boolean fits =
        first + count <= EXTENT_BLOCKS
            && kind > 0
            && kind <= KEYED
            && (kind != LOST || (page == Place.LOST && version == 0))
            && ((kind != TOMBSTONES && kind < SEALED) || page == 0)
            && endOfRun(from, at) <= from.limit();
    for (int i = 0; fits && i < count; i++) {
      int block = at + RUN_BYTES + i * bytesOfBlock(kind);
      switch (kind) {
        case DATA -> leaf.set(first + i, version + i, page + i, from.getInt(block));
        case SEALED, KEYED -> fits = decodeSealed(from, block, kind, leaf, first + i, version + i);
        default -> leaf.set(first + i, version, page, 0);
      }
    }
    return fits;
  }

  private static boolean decodeSealed(
      ByteBuffer from, int at, int kind, Leaf leaf, int i, long version) {
    boolean keyed = kind == KEYED;
    int detail = from.getInt(at + 8);
    leaf.set(i, version, from.getInt(at + 4), from.getInt(at));
    leaf.setSeal(
        i,
        detail,
        keyed ? from.getInt(at + 12) : 0,
        keyed ? from.getLong(at + 16) : 0,
        keyed ? from.getLong(at + 24) : 0);
    return Leaf.isDetail(detail);
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
    for (int at = HEAD_BYTES; isRun(from, at); at = endOfRun(from, at)) {
      int kind = from.get(at + 2);
      for (int i = 0; bytesOfBlock(kind) > 0 && i < count(from, at); i++) {
        int block = at + RUN_BYTES + i * bytesOfBlock(kind);
        int page = kind == DATA ? from.getInt(at + 4) + i : from.getInt(block + 4);
        visitor.block(page, Leaf.unitsOf(kind == DATA ? 0 : from.getInt(block + 8)));
      }
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
            visitor.node(new DeadNode(node.replica(), true, node.sealed(), number, word));
          }
        });
  }

  static NodeReader.Finding checkLeaf(ByteBuffer from, int replica, long number) {
    if (!isWhole(from, replica, number)) {
      return NodeReader.Finding.DAMAGED;
    }
    for (int at = HEAD_BYTES; isRun(from, at); at = endOfRun(from, at)) {
      if (from.get(at + 2) == LOST) {
        return NodeReader.Finding.LOST;
      }
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
