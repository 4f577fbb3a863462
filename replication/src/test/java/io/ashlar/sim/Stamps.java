package io.ashlar.sim;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.model.Compression;
import io.ashlar.seal.Sealer;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/**
 * What units of a volume are full of: a number, repeated, or for every third number followed by
 * others that are derived from it, which no codec makes smaller. Whoever reads one knows by itself
 * whether all of it is of the same write.
 */
final class Stamps {
  private Stamps() {}

  /** Fills the whole buffer. */
  static void fill(ByteBuffer bytes, int unitBytes, long stamp) {
    while (bytes.hasRemaining()) {
      bytes.putLong(word(stamp, bytes.position() % unitBytes / Long.BYTES));
    }
  }

  private static long word(long stamp, int index) {
    if (stamp % 3 != 0 || index == 0) {
      return stamp;
    }
    long mixed = (stamp + index * 0x9E3779B97F4A7C15L) * 0xBF58476D1CE4E5B9L;
    return mixed ^ mixed >>> 29;
  }

  /** The stamp of a unit; 0 if nothing was ever written there. */
  static long of(long unit, ByteBuffer bytes) {
    long stamp = bytes.getLong(bytes.position());
    for (int at = bytes.position(); at < bytes.limit(); at += Long.BYTES) {
      long wanted = stamp == 0 ? 0 : word(stamp, (at - bytes.position()) / Long.BYTES);
      if (bytes.getLong(at) != wanted) {
        throw new SimFailure("unit " + unit + " holds " + stamp + " and " + bytes.getLong(at));
      }
    }
    return stamp;
  }

  /** Checksums that a block of this stamp may have: as it is, and sealed. */
  static Set<Integer> crcs(long stamp, int unitBytes, Compression compression) {
    ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
    fill(block, unitBytes, stamp);
    CRC32C crc = new CRC32C();
    crc.update(block.flip());
    Set<Integer> crcs = new TreeSet<>();
    crcs.add((int) crc.getValue());
    crcs.add(new Sealer(compression, new SimPool()).seal(Payload.unpooled(block)).crcs()[0]);
    return crcs;
  }
}
