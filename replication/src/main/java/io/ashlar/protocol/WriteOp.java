package io.ashlar.protocol;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.Payload;
import io.ashlar.seal.SealedBlocks;
import io.ashlar.seal.Sealer;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Write;
import io.ashlar.wire.Message.WriteMode;
import io.ashlar.wire.Message.WriteRange;
import java.util.ArrayList;
import java.util.List;

/**
 * One write, trim or zero on its way: waiting for its blocks, then issued with versions, then
 * applied by one member after the other, at last acknowledged. It keeps its payload until every
 * member that must have it has it, since a member may reconnect and need it again. Loop thread
 * only.
 */
final class WriteOp {
  final ClientRequest client;
  final long firstBlock;
  final long blocks;
  private final boolean range;

  /**
   * Whole blocks of data, sealed once it is issued; null for a range. For a partial write it is set
   * once its edges were read.
   */
  private Payload data;

  private int[] crcs;
  private BlockSeal[] seals;
  private long version;
  private boolean issued;
  private boolean acknowledged;
  long appliedMask;

  /** Reads that returned this write's version before it was acknowledged. */
  final List<Runnable> parkedReads = new ArrayList<>();

  WriteOp(ClientRequest client, long firstBlock, long blocks) {
    this(client, firstBlock, blocks, false);
  }

  /**
   * @param partial it covers only a part of its block, so that it is written as data, whatever was
   *     asked
   */
  WriteOp(ClientRequest client, long firstBlock, long blocks, boolean partial) {
    this.client = client;
    this.firstBlock = firstBlock;
    this.blocks = blocks;
    this.range = client.isRange() && !partial;
  }

  /** Gives the op its bytes; it takes the payload over. */
  void fill(Payload bytes) {
    data = bytes;
  }

  boolean isRange() {
    return range;
  }

  long endBlock() {
    return firstBlock + blocks;
  }

  boolean overlaps(WriteOp other) {
    return firstBlock < other.endBlock() && other.firstBlock < endBlock();
  }

  /** Space that each member must have promised. */
  int creditBlocks() {
    return isRange() ? 0 : (int) blocks;
  }

  /** Number of versions it takes: one a block, one for a range. */
  long versions() {
    return isRange() ? 1 : blocks;
  }

  /** From now on its versions stand for the bytes that are sealed here, whoever gets them when. */
  void issue(long firstVersion, Sealer sealer) {
    version = firstVersion;
    issued = true;
    if (data != null) {
      SealedBlocks sealed = sealer.seal(data);
      data = sealed.payload();
      crcs = sealed.crcs();
      seals = sealed.seals();
    }
  }

  boolean issued() {
    return issued;
  }

  long version() {
    return version;
  }

  long lastVersion() {
    return version + versions() - 1;
  }

  /** Version this op gives to a block of its range. */
  long versionOf(long block) {
    return isRange() ? version : version + (block - firstBlock);
  }

  void acknowledge() {
    acknowledged = true;
  }

  boolean acknowledged() {
    return acknowledged;
  }

  /** A frame for one more member; it holds a count of the payload of its own. */
  Message frame(long request, int epoch, long watermark) {
    if (isRange()) {
      return new WriteRange(request, epoch, watermark, firstBlock, blocks, version);
    }
    int count = (int) blocks;
    BlockKind[] kinds = new BlockKind[count];
    long[] versions = new long[count];
    for (int i = 0; i < count; i++) {
      kinds[i] = BlockKind.DATA;
      versions[i] = version + i;
    }
    BlockRun run = new BlockRun(firstBlock, kinds, versions, crcs, seals, data.retain());
    return new Write(request, epoch, watermark, WriteMode.IF_NEWER, run);
  }

  void release() {
    if (data != null) {
      data.release();
      data = null;
    }
  }
}
