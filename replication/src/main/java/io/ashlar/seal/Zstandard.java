package io.ashlar.seal;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.ashlar.block.Codec;
import java.nio.ByteBuffer;

/**
 * Zstandard frames of level 1, one a block. There is native code only, unpacked into java.io.tmpdir
 * at first use.
 *
 * <p>Its contexts lie outside the heap, 85 KiB a pair, and two threads in one of them would write
 * anywhere. So each thread has its own, for all volumes, and nobody frees them: the data loop lives
 * as long as the process.
 */
final class Zstandard implements Shrinker {
  private static final int LEVEL = 1;
  private static final ThreadLocal<Contexts> CONTEXTS = ThreadLocal.withInitial(Contexts::new);

  private final int shrunkBytesMax;

  /**
   * @throws IllegalStateException if the native code cannot be loaded
   */
  Zstandard() {
    try {
      shrunkBytesMax = Math.toIntExact(Zstd.compressBound(BLOCK_BYTES));
    } catch (LinkageError e) {
      throw new IllegalStateException(
          "zstd: no native library, which is unpacked into "
              + System.getProperty("java.io.tmpdir")
              + " (java.io.tmpdir; it must be writable and allow execution): "
              + e.getMessage(),
          e);
    }
  }

  /** What one thread needs. */
  private static final class Contexts {
    final ZstdCompressCtx compressor = new ZstdCompressCtx().setLevel(LEVEL);
    final ZstdDecompressCtx decompressor = new ZstdDecompressCtx();

    /** For blocks in arrays, as in tests: the library takes two arrays or two direct buffers. */
    final ByteBuffer input = ByteBuffer.allocateDirect(BLOCK_BYTES);

    final ByteBuffer output = ByteBuffer.allocateDirect(BLOCK_BYTES);
  }

  @Override
  public Codec codec() {
    return Codec.ZSTD;
  }

  @Override
  public int shrunkBytesMax() {
    return shrunkBytesMax;
  }

  @Override
  public int shrink(ByteBuffer plain, int from, ByteBuffer out) {
    Contexts contexts = CONTEXTS.get();
    ByteBuffer source = plain;
    int sourceFrom = from;
    if (!plain.isDirect()) {
      source = contexts.input.put(0, plain, from, BLOCK_BYTES);
      sourceFrom = 0;
    }
    return contexts.compressor.compressDirectByteBuffer(
        out, 0, shrunkBytesMax, source, sourceFrom, BLOCK_BYTES);
  }

  @Override
  public boolean restore(ByteBuffer stored, int from, int lengthBytes, ByteBuffer out, int to) {
    Contexts contexts = CONTEXTS.get();
    ByteBuffer source = stored;
    int sourceFrom = from;
    if (!stored.isDirect()) {
      source = contexts.input.put(0, stored, from, lengthBytes);
      sourceFrom = 0;
    }
    ByteBuffer target = out.isDirect() ? out : contexts.output;
    int targetTo = out.isDirect() ? to : 0;
    try {
      int restoredBytes =
          contexts.decompressor.decompressDirectByteBuffer(
              target, targetTo, BLOCK_BYTES, source, sourceFrom, lengthBytes);
      if (target != out) {
        out.put(to, target, 0, BLOCK_BYTES);
      }
      return restoredBytes == BLOCK_BYTES;
    } catch (ZstdException e) {
      return false;
    }
  }
}
