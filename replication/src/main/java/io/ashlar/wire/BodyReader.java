package io.ashlar.wire;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Blocks.EXTENT_BLOCKS;
import static io.ashlar.wire.BodyWriter.BLOCK_ENTRY_BYTES;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.Codec;
import io.ashlar.block.Payload;
import io.ashlar.block.TailEntry;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.NodeId;
import io.ashlar.model.Version;
import io.ashlar.model.View;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Reads the fields of a body. Every count is checked against the bytes that are there before
 * anything is allocated; whatever does not fit is a {@link FrameException}. Not thread-safe.
 */
final class BodyReader {
  private static final int RUN_BLOCKS_MAX = FrameHeader.PAYLOAD_BYTES_MAX / BLOCK_BYTES;
  private static final int TEXT_BYTES_MAX = 4096;
  private static final int TAIL_ENTRY_BYTES = 25;

  /** Block addresses have 40 bits. */
  private static final long EXTENTS_MAX = (1L << 40) / EXTENT_BLOCKS;

  /** More than any volume has copies; a replica stores the list with its promise, in one page. */
  private static final int IN_SYNC_MAX = 64;

  private final ByteBuffer in;

  /** Reads from the buffer's position to its limit. */
  BodyReader(ByteBuffer body) {
    in = body.order(ByteOrder.LITTLE_ENDIAN);
  }

  void end() throws FrameException {
    require(!in.hasRemaining(), "%s bytes too many", in.remaining());
  }

  private static void require(boolean holds, String problem) throws FrameException {
    if (!holds) {
      throw new FrameException(problem);
    }
  }

  private static void require(boolean holds, String problem, long value) throws FrameException {
    FrameHeader.require(holds, problem, value);
  }

  private void available(long bytes) throws FrameException {
    require(bytes >= 0 && bytes <= in.remaining(), "body is too short");
  }

  int u8() throws FrameException {
    available(1);
    return Byte.toUnsignedInt(in.get());
  }

  boolean bool() throws FrameException {
    int value = u8();
    require(value <= 1, "a truth value of %s", value);
    return value == 1;
  }

  int i32() throws FrameException {
    available(4);
    return in.getInt();
  }

  long i64() throws FrameException {
    available(8);
    return in.getLong();
  }

  String text() throws FrameException {
    int length = i32();
    require(length >= 0 && length <= TEXT_BYTES_MAX, "text of %s bytes", length);
    available(length);
    byte[] bytes = new byte[length];
    try {
      in.get(bytes);
    } catch (BufferUnderflowException e) {
      throw new FrameException("body is too short");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  int count(int entryBytes) throws FrameException {
    int count = i32();
    require(count >= 0, "a count of %s", count);
    available((long) count * entryBytes);
    return count;
  }

  long[] longs() throws FrameException {
    long[] values = new long[count(8)];
    for (int i = 0; i < values.length; i++) {
      values[i] = i64();
    }
    return values;
  }

  /** Numbers of extents: what a volume's block addresses can reach. */
  long[] extents() throws FrameException {
    long[] extents = longs();
    for (long extent : extents) {
      checkExtent(extent);
    }
    return extents;
  }

  /** First and last extent of each range, ascending. */
  long[] extentRanges() throws FrameException {
    long[] ranges = extents();
    require(ranges.length % 2 == 0, "a range without an end");
    for (int i = 1; i < ranges.length; i++) {
      boolean ascends = i % 2 == 0 ? ranges[i] > ranges[i - 1] : ranges[i] >= ranges[i - 1];
      require(ascends, "ranges of extents in disorder");
    }
    return ranges;
  }

  long extent() throws FrameException {
    long extent = i64();
    checkExtent(extent);
    return extent;
  }

  private static void checkExtent(long extent) throws FrameException {
    require(extent >= 0 && extent < EXTENTS_MAX, "extent %s", extent);
  }

  CoordinatorRef coordinator() throws FrameException {
    String node = text();
    return new CoordinatorRef(new NodeId(node), i64(), i64());
  }

  Optional<CoordinatorRef> optionalCoordinator() throws FrameException {
    return bool() ? Optional.of(coordinator()) : Optional.empty();
  }

  View view() throws FrameException {
    int epoch = i32();
    require(epoch >= 0 && epoch < Version.EPOCH_MAX, "epoch %s", epoch);
    long lineage = i64();
    long generation = i64();
    List<Long> inSync = new ArrayList<>();
    long[] replicas = longs();
    require(replicas.length <= IN_SYNC_MAX, "%s replicas in sync", replicas.length);
    for (long replica : replicas) {
      inSync.add(replica);
    }
    return new View(epoch, inSync, lineage, generation);
  }

  List<TailEntry> tail() throws FrameException {
    int count = count(TAIL_ENTRY_BYTES);
    List<TailEntry> tail = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      tail.add(new TailEntry(i64(), i64(), i64(), bool()));
    }
    return tail;
  }

  /**
   * Reads a run over a payload that the caller still owns until this returns.
   *
   * @throws FrameException also when a block's bytes do not have the checksum that they came with
   */
  BlockRun run(Payload payload) throws FrameException {
    long first = i64();
    int count = count(BLOCK_ENTRY_BYTES);
    require(first >= 0 && count > 0 && count <= RUN_BLOCKS_MAX, "a run of %s blocks", count);
    BlockKind[] kinds = new BlockKind[count];
    long[] versions = new long[count];
    int[] crcs = new int[count];
    BlockSeal[] seals = null;
    int bytes = 0;
    for (int i = 0; i < count; i++) {
      int at = in.position();
      int kind = Byte.toUnsignedInt(in.get(at + BodyWriter.ENTRY_KIND_AT));
      require(kind <= BlockKind.CORRUPT.code(), "block kind %s", kind);
      kinds[i] = BlockKind.ofCode(kind);
      versions[i] = in.getLong(at + BodyWriter.ENTRY_VERSION_AT);
      crcs[i] = in.getInt(at + BodyWriter.ENTRY_CRC_AT);
      if (kinds[i] == BlockKind.DATA) {
        BlockSeal seal = seal(at);
        if (seal != null) {
          seals = seals == null ? new BlockSeal[count] : seals;
          seals[i] = seal;
        }
        checkBlock(payload, bytes, BlockSeal.lengthOf(seal), crcs[i]);
        bytes += BlockSeal.lengthOf(seal);
      }
      in.position(at + BLOCK_ENTRY_BYTES);
    }
    int sent = payload == null ? 0 : payload.lengthBytes();
    if (sent != bytes) {
      throw new FrameException(sent + " bytes of payload for " + bytes + " of blocks");
    }
    return new BlockRun(first, kinds, versions, crcs, seals, payload);
  }

  /** Of the entry at this position; null if the block is sent as it is. */
  private BlockSeal seal(int at) throws FrameException {
    int codec = Byte.toUnsignedInt(in.get(at + BodyWriter.ENTRY_CODEC_AT));
    int storedBytes = in.getInt(at + BodyWriter.ENTRY_STORED_BYTES_AT);
    int keyId = in.getInt(at + BodyWriter.ENTRY_KEY_AT);
    require(Codec.isCode(codec), "codec %s", codec);
    boolean raw = codec == Codec.RAW.code();
    boolean fits = raw ? storedBytes == BLOCK_BYTES : storedBytes > 0 && storedBytes < BLOCK_BYTES;
    require(fits, "a block of %s stored bytes", storedBytes);
    return raw && keyId == 0
        ? null
        : new BlockSeal(
            Codec.ofCode(codec),
            storedBytes,
            keyId,
            in.getLong(at + BodyWriter.ENTRY_TAG_AT),
            in.getLong(at + BodyWriter.ENTRY_TAG_AT + Long.BYTES));
  }

  private static void checkBlock(Payload payload, int from, int length, int crc)
      throws FrameException {
    require(payload != null && payload.lengthBytes() >= from + length, "payload is too short");
    CRC32C actual = new CRC32C();
    actual.update(payload.view(from, length));
    require((int) actual.getValue() == crc, "a block's bytes do not match its checksum");
  }
}
