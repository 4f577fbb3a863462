package io.ashlar.seal;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.Codec;
import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/** LZ4 blocks without a frame. Keeps nothing between two blocks. */
final class Lz4 implements Shrinker {
  private final LZ4Compressor compressor;

  /** The one that is told both lengths, and so stays within them. */
  private final LZ4SafeDecompressor decompressor;

  Lz4(LZ4Factory factory) {
    compressor = factory.fastCompressor();
    decompressor = factory.safeDecompressor();
  }

  /**
   * The native code, unpacked into java.io.tmpdir at first use; where it cannot be loaded the same
   * in Java, several times slower. Either restores what the other one made.
   */
  static Lz4 fastest() {
    return new Lz4(LZ4Factory.fastestInstance());
  }

  @Override
  public Codec codec() {
    return Codec.LZ4;
  }

  @Override
  public int shrunkBytesMax() {
    return compressor.maxCompressedLength(BLOCK_BYTES);
  }

  /** With room for whatever comes out: to run out of it would be an exception for each block. */
  @Override
  public int shrink(ByteBuffer plain, int from, ByteBuffer out) {
    return compressor.compress(plain, from, BLOCK_BYTES, out, 0, shrunkBytesMax());
  }

  @Override
  public boolean restore(ByteBuffer stored, int from, int lengthBytes, ByteBuffer out, int to) {
    try {
      return decompressor.decompress(stored, from, lengthBytes, out, to, BLOCK_BYTES)
          == BLOCK_BYTES;
    } catch (LZ4Exception | IndexOutOfBoundsException e) { // the second one just in case
      return false;
    }
  }
}
