package io.ashlar.seal;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.BlockSeal;
import io.ashlar.block.Codec;
import io.ashlar.block.Payload;
import io.ashlar.model.Compression;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jpountz.lz4.LZ4Factory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The way there and back, and stored bytes that are not what was stored. */
final class OpenerTest {
  private static final int DAMAGE_ROUNDS = 4_000;
  private static final List<BlockKind> KINDS = List.of(BlockKind.values());

  private final Random random = new Random(2);
  private final GuardedPool pool = new GuardedPool(true);
  private final Opener opener = new Opener(pool);

  @AfterEach
  void everyCountIsGivenBack() {
    assertThat(pool.outstanding()).isZero();
  }

  /** In each run some blocks have no data; those that have are of all samples. */
  @ParameterizedTest
  @CsvSource({"NONE, true", "LZ4, true", "LZ4, false", "ZSTD, true", "ZSTD, false"})
  void whatWasSealedIsRestored(Compression compression, boolean direct) {
    GuardedPool its = new GuardedPool(direct);
    Sealer sealer = new Sealer(compression, its);
    Opener itsOpener = new Opener(its);
    for (int round = 0; round < 300; round++) {
      BlockKind[] kinds = new BlockKind[1 + random.nextInt(20)];
      Arrays.setAll(kinds, i -> KINDS.get(random.nextInt(KINDS.size())));
      kinds[random.nextInt(kinds.length)] = BlockKind.DATA;
      byte[][] plain = new byte[kinds.length][];
      Arrays.setAll(plain, i -> kinds[i] == BlockKind.DATA ? Samples.any(random) : new byte[0]);
      BlockRun run = run(kinds, sealer.seal(its.of(Samples.joined(plain))));

      BlockRun opened = itsOpener.open(run);

      assertThat(opened.firstBlock()).isEqualTo(run.firstBlock());
      assertThat(opened.kinds()).isEqualTo(kinds);
      assertThat(opened.versions()).isEqualTo(run.versions());
      assertThat(opened.crcs()).isEqualTo(run.crcs());
      assertThat(opened.seals()).isNull();
      assertThat(Samples.bytes(opened.payload())).isEqualTo(Samples.joined(plain));
      opened.release();
      assertThat(its.outstanding()).isZero();
    }
  }

  @Test
  void blocksOfOneRunMayBeOfSeveralCodecs() {
    byte[] text = Samples.text(random);
    SealedBlocks lz4 = new Sealer(Compression.LZ4, pool).seal(pool.of(text));
    SealedBlocks zstd = new Sealer(Compression.ZSTD, pool).seal(pool.of(text));
    byte[] stored =
        Samples.joined(Samples.bytes(zstd.payload()), text, Samples.bytes(lz4.payload()));
    lz4.payload().release();
    zstd.payload().release();

    BlockRun opened = opener.open(run(pool.of(stored), zstd.seals()[0], null, lz4.seals()[0]));

    assertThat(Samples.bytes(opened.payload())).isEqualTo(Samples.joined(text, text, text));
    opened.release();
  }

  @Test
  void whatHasNoSealsIsReturnedAsItIs() {
    BlockRun run = run(new BlockKind[] {BlockKind.DATA}, sealed(Compression.NONE, Samples.zeros()));

    assertThat(opener.open(run)).isSameAs(run);
    assertThat(pool.leases()).isEqualTo(1);
    run.release();
  }

  @Test
  void whatOnlyTellsOfBlocksHasNothingToRestore() {
    BlockSeal[] seals = {BlockSeal.compressed(Codec.LZ4, 100)};
    BlockKind[] kinds = {BlockKind.DATA};
    BlockRun opened = opener.open(new BlockRun(7, kinds, new long[] {9}, new int[1], seals, null));

    assertThat(opened.seals()).isNull();
    assertThat(opened.payload()).isNull();
    assertThat(opened.kinds()).containsExactly(BlockKind.DATA);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4095, 4097, 100_000})
  void whatBecomesLongerOrShorterThanABlockIsCorrupt(int lengthBytes) {
    byte[] wrong = new byte[lengthBytes];
    for (byte[] stored :
        List.of(LZ4Factory.safeInstance().fastCompressor().compress(wrong), Zstd.compress(wrong))) {
      for (Codec codec : List.of(Codec.LZ4, Codec.ZSTD)) {
        assertCorrupt(stored, BlockSeal.compressed(codec, stored.length));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = Compression.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void whatWasCutShortIsCorruptThoughTheRestFollows(Compression compression) {
    SealedBlocks sealed = sealed(compression, Samples.text(random));
    byte[] stored = Samples.bytes(sealed.payload());
    sealed.payload().release();
    Codec codec = sealed.seals()[0].codec();
    for (int length = 1; length < stored.length; length++) {
      BlockRun opened =
          opener.open(
              run(
                  pool.of(stored),
                  BlockSeal.compressed(codec, length),
                  BlockSeal.compressed(codec, stored.length - length)));
      assertThat(opened.kinds()[0]).isEqualTo(BlockKind.CORRUPT);
      opened.release();
    }
  }

  @Test
  void whatWasEncryptedIsNotTakenForPlain() {
    assertCorrupt(Samples.zeros(), new BlockSeal(Codec.RAW, BLOCK_BYTES, 1, 0, 0));
    SealedBlocks sealed = sealed(Compression.LZ4, Samples.zeros());
    byte[] stored = Samples.bytes(sealed.payload());
    sealed.payload().release();
    assertCorrupt(stored, new BlockSeal(Codec.LZ4, stored.length, 1, 0, 0));
  }

  @Test
  void othersOfTheRunAreRestoredAroundACorruptOne() {
    byte[] first = Samples.text(random);
    byte[] last = Samples.halfNoise(random);
    SealedBlocks sealed = sealed(Compression.LZ4, Samples.joined(first, first, last));
    int at = sealed.seals()[0].storedBytes();
    sealed.payload().view().put(at, new byte[sealed.seals()[1].storedBytes()]);
    BlockKind[] kinds = {BlockKind.DATA, BlockKind.DATA, BlockKind.DATA};
    BlockRun run = run(kinds, sealed);

    BlockRun opened = opener.open(run);

    assertThat(opened.kinds()).containsExactly(BlockKind.DATA, BlockKind.CORRUPT, BlockKind.DATA);
    assertThat(opened.crcs()).containsExactly(run.crcs()[0], 0, run.crcs()[2]);
    assertThat(opened.versions()).isEqualTo(run.versions());
    assertThat(Samples.bytes(opened.payload())).isEqualTo(Samples.joined(first, last));
    assertThat(run.kinds()[1]).isEqualTo(BlockKind.DATA);
    opened.release();
  }

  /** The pool sees to it that nothing beside the block is written to. */
  @ParameterizedTest
  @CsvSource({"LZ4, true", "LZ4, false", "ZSTD, true", "ZSTD, false"})
  void damagedBytesAreCorruptOrOtherBytesAndNothingElse(Compression compression, boolean direct) {
    GuardedPool its = new GuardedPool(direct);
    Opener itsOpener = new Opener(its);
    int corrupt = 0;
    for (int round = 0; round < DAMAGE_ROUNDS; round++) {
      byte[] plain = random.nextBoolean() ? Samples.text(random) : Samples.halfNoise(random);
      SealedBlocks sealed = new Sealer(compression, its).seal(its.of(plain));
      damage(sealed.payload());

      BlockRun opened = itsOpener.open(run(new BlockKind[] {BlockKind.DATA}, sealed));

      if (opened.has(BlockKind.CORRUPT)) {
        corrupt++;
        assertThat(opened.payload()).isNull();
      } else {
        assertThat(opened.payload().lengthBytes()).isEqualTo(BLOCK_BYTES);
      }
      opened.release();
      assertThat(its.outstanding()).isZero();
    }
    assertThat(corrupt).isBetween(DAMAGE_ROUNDS / 10, DAMAGE_ROUNDS);
  }

  /** Where no native code can be loaded. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void lz4InJavaDoesTheSameUnderDamage(boolean direct) {
    GuardedPool its = new GuardedPool(direct);
    Shrinker java = new Lz4(LZ4Factory.safeInstance());
    Shrinker fastest = Lz4.fastest();
    for (int round = 0; round < DAMAGE_ROUNDS; round++) {
      byte[] plain = Samples.text(random);
      SealedBlocks sealed = new Sealer(java, its).seal(its.of(plain));
      int length = sealed.payload().lengthBytes();
      Payload out = its.lease(BLOCK_BYTES);
      ByteBuffer stored = sealed.payload().view();
      assertThat(fastest.restore(stored, 0, length, out.view(), 0)).isTrue();
      assertThat(Samples.bytes(out)).isEqualTo(plain);

      damage(sealed.payload());
      java.restore(stored, 0, length, out.view(), 0);

      out.release();
      sealed.payload().release();
      assertThat(its.outstanding()).isZero();
    }
  }

  private void damage(Payload payload) {
    ByteBuffer bytes = payload.view();
    int from = random.nextInt(bytes.capacity());
    int length = 1 + random.nextInt(Math.min(8, bytes.capacity() - from));
    for (int i = from; i < from + length; i++) {
      bytes.put(i, (byte) (random.nextInt(4) == 0 ? 0xFF : random.nextInt()));
    }
  }

  private void assertCorrupt(byte[] stored, BlockSeal seal) {
    BlockRun opened = opener.open(run(pool.of(stored), seal));
    assertThat(opened.kinds()).containsExactly(BlockKind.CORRUPT);
    assertThat(opened.crcs()).containsExactly(0);
    assertThat(opened.payload()).isNull();
  }

  private SealedBlocks sealed(Compression compression, byte[] plain) {
    return new Sealer(compression, pool).seal(pool.of(plain));
  }

  /** Of DATA blocks only. */
  private static BlockRun run(Payload stored, BlockSeal... seals) {
    BlockKind[] kinds = new BlockKind[seals.length];
    Arrays.fill(kinds, BlockKind.DATA);
    return new BlockRun(7, kinds, versions(kinds), new int[kinds.length], seals, stored);
  }

  /** The sealed blocks are those that have data. */
  private static BlockRun run(BlockKind[] kinds, SealedBlocks sealed) {
    int[] crcs = new int[kinds.length];
    BlockSeal[] seals = sealed.seals() == null ? null : new BlockSeal[kinds.length];
    int data = 0;
    for (int i = 0; i < kinds.length; i++) {
      if (kinds[i] == BlockKind.DATA) {
        crcs[i] = sealed.crcs()[data];
        if (seals != null) {
          seals[i] = sealed.seals()[data];
        }
        data++;
      }
    }
    return new BlockRun(7, kinds, versions(kinds), crcs, seals, sealed.payload());
  }

  private static long[] versions(BlockKind[] kinds) {
    long[] versions = new long[kinds.length];
    Arrays.setAll(versions, i -> kinds[i] == BlockKind.UNMAPPED ? 0 : 1000 + i);
    return versions;
  }
}
