package io.ashlar.seal;

import io.ashlar.block.PayloadPool;
import io.ashlar.model.Compression;
import net.jpountz.lz4.LZ4Factory;

/**
 * The codecs' native code. Loading it takes a tenth of a second, once in a process: to be done
 * before a loop needs it.
 */
public final class NativeCodecs {
  private static final PayloadPool NONE_NEEDED =
      bytes -> {
        throw new IllegalStateException("nothing is sealed while code is loaded");
      };

  private NativeCodecs() {}

  /**
   * Loads what there is for this machine; blocks, any thread.
   *
   * @return the implementations, for an operator
   * @throws IllegalStateException if one is missing that nothing can stand in for
   */
  public static String load() {
    new Sealer(Compression.LZ4, NONE_NEEDED);
    new Sealer(Compression.ZSTD, NONE_NEEDED);
    return "lz4="
        + LZ4Factory.fastestInstance().toString().replace("LZ4Factory:", "")
        + " zstd=JNI";
  }
}
