package io.ashlar.node.frontend.fuse;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The file system of one file: a root directory and the volume. Writes the bodies of the answers
 * that need no data. Pure, but for the size, which any thread may change.
 */
final class FuseFile {
  static final long ROOT_NODE = 1;
  static final long FILE_NODE = 2;

  /** What {@link #answer} says about requests that it does not know. */
  static final int NOT_MINE = Integer.MIN_VALUE;

  /** What {@link #answer} says when the kernel wants no answer. */
  static final int NO_ANSWER = Integer.MIN_VALUE + 1;

  static final int ATTRIBUTE_BYTES = 88;
  static final int BODY_BYTES_MAX = 128;

  private static final long VALID_SECONDS = 3600;
  private static final int DIRECTORY_MODE = 0040700;
  private static final int FILE_MODE = 0100600;
  private static final int BLOCK_BYTES = 4096;
  private static final int OPEN_DIRECT_IO = 1;
  private static final int OPEN_PARALLEL_DIRECT_WRITES = 64;
  private static final int NAME_BYTES_MAX = 255;

  private final byte[] name;
  private volatile long sizeBytes;

  FuseFile(String name, long sizeBytes) {
    this.name = name.getBytes(StandardCharsets.UTF_8);
    this.sizeBytes = sizeBytes;
  }

  void resize(long newSizeBytes) {
    sizeBytes = newSizeBytes;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /**
   * Answers a request that moves no data.
   *
   * @param at where the body goes in {@code out}; at most {@link #BODY_BYTES_MAX} bytes
   * @return length of the body, a negative errno, {@link #NOT_MINE} or {@link #NO_ANSWER}
   */
  int answer(ByteBuffer request, ByteBuffer out, int at) {
    return switch (FuseWire.opcode(request)) {
      case FuseWire.INIT -> {
        FuseInit.answer(request, out, at);
        yield FuseInit.INIT_OUT_BYTES;
      }
      case FuseWire.LOOKUP -> lookup(request, out, at);
      // Truncating to the new size is how the kernel learns of an expansion (trap of FUSE: the
      // cached size stays the old one otherwise); the size is ours to say.
      case FuseWire.GETATTR, FuseWire.SETATTR -> attributes(FuseWire.node(request), out, at);
      case FuseWire.OPEN -> opened(out, at, OPEN_DIRECT_IO | OPEN_PARALLEL_DIRECT_WRITES);
      case FuseWire.OPENDIR -> opened(out, at, 0);
      case FuseWire.STATFS -> statistics(out, at);
      case FuseWire.READDIR,
          FuseWire.RELEASE,
          FuseWire.RELEASEDIR,
          FuseWire.FLUSH,
          FuseWire.DESTROY ->
          0;
      case FuseWire.FORGET, FuseWire.BATCH_FORGET, FuseWire.INTERRUPT -> NO_ANSWER;
      case FuseWire.READ, FuseWire.WRITE, FuseWire.FSYNC, FuseWire.FALLOCATE -> NOT_MINE;
      default -> -FuseWire.ENOSYS;
    };
  }

  private int lookup(ByteBuffer request, ByteBuffer out, int at) {
    if (FuseWire.node(request) != ROOT_NODE || !isFileName(request)) {
      return -FuseWire.ENOENT;
    }
    FuseInit.zero(out, at, 40);
    out.putLong(at, FILE_NODE);
    out.putLong(at + 8, 1);
    out.putLong(at + 16, VALID_SECONDS);
    out.putLong(at + 24, VALID_SECONDS);
    attributesOf(FILE_NODE, out, at + 40);
    return 40 + ATTRIBUTE_BYTES;
  }

  private boolean isFileName(ByteBuffer request) {
    int start = FuseWire.IN_HEADER_BYTES;
    int length = FuseWire.lengthBytes(request) - start - 1;
    if (length != name.length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (request.get(start + i) != name[i]) {
        return false;
      }
    }
    return true;
  }

  private int attributes(long node, ByteBuffer out, int at) {
    FuseInit.zero(out, at, 16);
    out.putLong(at, VALID_SECONDS);
    attributesOf(node, out, at + 16);
    return 16 + ATTRIBUTE_BYTES;
  }

  private void attributesOf(long node, ByteBuffer out, int at) {
    boolean root = node == ROOT_NODE;
    long size = root ? 0 : sizeBytes;
    FuseInit.zero(out, at, ATTRIBUTE_BYTES);
    out.putLong(at, node);
    out.putLong(at + 8, size);
    out.putLong(at + 16, size / 512);
    out.putInt(at + 60, root ? DIRECTORY_MODE : FILE_MODE);
    out.putInt(at + 64, root ? 2 : 1);
    out.putInt(at + 80, BLOCK_BYTES);
  }

  private static int opened(ByteBuffer out, int at, int flags) {
    FuseInit.zero(out, at, 16);
    out.putInt(at + 8, flags);
    return 16;
  }

  private int statistics(ByteBuffer out, int at) {
    FuseInit.zero(out, at, 80);
    out.putLong(at, sizeBytes / BLOCK_BYTES);
    out.putLong(at + 24, 2);
    out.putInt(at + 40, BLOCK_BYTES);
    out.putInt(at + 44, NAME_BYTES_MAX);
    out.putInt(at + 48, BLOCK_BYTES);
    return 80;
  }
}
