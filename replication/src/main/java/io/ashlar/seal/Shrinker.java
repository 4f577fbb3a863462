package io.ashlar.seal;

import io.ashlar.block.Codec;
import java.nio.ByteBuffer;

/**
 * Makes single blocks smaller, and restores them. Buffers may be direct ones or have an array;
 * their positions and limits are neither looked at nor changed. Belongs to one thread.
 */
interface Shrinker {
  /** Goes into the seal of what it makes. */
  Codec codec();

  /** A block never becomes longer than this, in bytes. */
  int shrunkBytesMax();

  /**
   * Makes the block at {@code from} smaller, or longer if there is nothing to gain.
   *
   * @param out direct, takes {@link #shrunkBytesMax} bytes from its start
   * @return the length in bytes
   */
  int shrink(ByteBuffer plain, int from, ByteBuffer out);

  /**
   * Restores a block into the 4096 bytes at {@code to}, and touches no others, whatever the stored
   * bytes are. They may be damaged, or made to do harm.
   *
   * @return whether this made exactly one block; if not, what is in its place is undefined
   */
  boolean restore(ByteBuffer stored, int from, int lengthBytes, ByteBuffer out, int to);
}
