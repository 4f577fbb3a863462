package io.ashlar.wire;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.TailEntry;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.View;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Writes the fields of a body, little-endian; grows as needed. Not thread-safe. */
final class BodyWriter {
  /** Bytes of one block's entry in a run; docs/protocol.md, "Run". */
  static final int BLOCK_ENTRY_BYTES = 48;

  static final int ENTRY_KIND_AT = 0;
  static final int ENTRY_CODEC_AT = 1;
  static final int ENTRY_STORED_BYTES_AT = 4;
  static final int ENTRY_VERSION_AT = 8;
  static final int ENTRY_CRC_AT = 16;
  static final int ENTRY_KEY_AT = 20;
  static final int ENTRY_TAG_AT = 32;

  private ByteBuffer out;

  BodyWriter(int expectedBytes) {
    out = ByteBuffer.allocate(expectedBytes).order(ByteOrder.LITTLE_ENDIAN);
    begin();
  }

  /** Begins a frame, in the same memory as the one before. */
  void begin() {
    out.clear().position(FrameHeader.BYTES);
  }

  int capacity() {
    return out.capacity();
  }

  /** Header room and body; position 0, limit at the end. */
  ByteBuffer finish() {
    return out.flip();
  }

  private void room(int bytes) {
    if (out.remaining() < bytes) {
      ByteBuffer larger =
          ByteBuffer.allocate(Math.max(out.capacity() * 2, out.position() + bytes))
              .order(ByteOrder.LITTLE_ENDIAN);
      larger.put(out.flip());
      out = larger;
    }
  }

  BodyWriter u8(int value) {
    room(1);
    out.put((byte) value);
    return this;
  }

  BodyWriter bool(boolean value) {
    return u8(value ? 1 : 0);
  }

  BodyWriter i32(int value) {
    room(4);
    out.putInt(value);
    return this;
  }

  BodyWriter i64(long value) {
    room(8);
    out.putLong(value);
    return this;
  }

  BodyWriter text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    i32(bytes.length);
    room(bytes.length);
    out.put(bytes);
    return this;
  }

  BodyWriter longs(long[] values) {
    i32(values.length);
    for (long value : values) {
      i64(value);
    }
    return this;
  }

  BodyWriter coordinator(CoordinatorRef ref) {
    return text(ref.node().value()).i64(ref.stateDirId()).i64(ref.instance());
  }

  BodyWriter coordinator(Optional<CoordinatorRef> ref) {
    bool(ref.isPresent());
    ref.ifPresent(this::coordinator);
    return this;
  }

  BodyWriter view(View view) {
    i32(view.epoch()).i64(view.lineage()).i64(view.generation());
    return longs(view.inSync().stream().mapToLong(Long::longValue).toArray());
  }

  BodyWriter tail(List<TailEntry> tail) {
    i32(tail.size());
    for (TailEntry entry : tail) {
      i64(entry.firstBlock()).i64(entry.blocks()).i64(entry.version()).bool(entry.tombstone());
    }
    return this;
  }

  /** First block, count, and an entry a block; the bytes themselves are the frame's payload. */
  BodyWriter run(BlockRun run) {
    i64(run.firstBlock()).i32(run.count());
    for (int i = 0; i < run.count(); i++) {
      room(BLOCK_ENTRY_BYTES);
      int at = out.position();
      for (int word = 0; word < BLOCK_ENTRY_BYTES; word += Long.BYTES) {
        out.putLong(at + word, 0); // the memory was used before
      }
      out.put(at + ENTRY_KIND_AT, (byte) run.kinds()[i].code());
      if (run.kinds()[i] == BlockKind.DATA) {
        out.putInt(at + ENTRY_STORED_BYTES_AT, run.storedBytes(i));
        seal(run.seal(i), at);
      }
      out.putLong(at + ENTRY_VERSION_AT, run.versions()[i]);
      out.putInt(at + ENTRY_CRC_AT, run.crcs()[i]);
      out.position(at + BLOCK_ENTRY_BYTES);
    }
    return this;
  }

  private void seal(BlockSeal seal, int at) {
    if (seal != null) {
      out.put(at + ENTRY_CODEC_AT, (byte) seal.codec().code());
      out.putInt(at + ENTRY_KEY_AT, seal.keyId());
      out.putLong(at + ENTRY_TAG_AT, seal.tagHigh());
      out.putLong(at + ENTRY_TAG_AT + Long.BYTES, seal.tagLow());
    }
  }
}
