package io.ashlar.seal;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockSeal;
import io.ashlar.block.Codec;
import io.ashlar.block.Payload;
import io.ashlar.model.Compression;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is made smaller, what is left as it is, and who owns what. OpenerTest has the way back. */
final class SealerTest {
  private final Random random = new Random(1);
  private final GuardedPool pool = new GuardedPool(true);

  @ParameterizedTest
  @CsvSource({"LZ4, true", "LZ4, false", "ZSTD, true", "ZSTD, false"})
  void blocksThatShrinkAreStoredSmallerBesideOthers(Compression compression, boolean direct) {
    GuardedPool its = new GuardedPool(direct);
    byte[] noise = Samples.noise(random);
    byte[] plain =
        Samples.joined(noise, Samples.zeros(), Samples.text(random), noise, Samples.zeros());

    SealedBlocks sealed = new Sealer(compression, its).seal(its.of(plain));

    assertThat(sealed.seals()[0]).isNull();
    assertThat(sealed.seals()[1].codec().name()).isEqualTo(compression.name());
    assertThat(sealed.seals()[1].storedBytes()).isLessThan(64);
    assertThat(sealed.seals()[2].storedBytes()).isBetween(64, Sealer.STORED_BYTES_MAX);
    assertThat(sealed.seals()[3]).isNull();
    int at = 0;
    for (int i = 0; i < 5; i++) {
      int length = BlockSeal.lengthOf(sealed.seals()[i]);
      byte[] stored = Samples.bytes(sealed.payload(), at, length);
      assertThat(sealed.crcs()[i]).isEqualTo(Samples.crc(stored));
      if (i == 0 || i == 3) {
        assertThat(stored).isEqualTo(noise);
      }
      at += length;
    }
    assertThat(sealed.payload().lengthBytes()).isEqualTo(at);
    assertThat(its.outstanding()).isEqualTo(1);
    sealed.payload().release();
    assertThat(its.outstanding()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void whatDoesNotShrinkIsPassedOnWithoutACopy(Compression compression) {
    Payload plain = pool.of(Samples.joined(Samples.noise(random), Samples.noise(random)));

    SealedBlocks sealed = new Sealer(compression, pool).seal(plain);

    assertThat(sealed.payload()).isSameAs(plain);
    assertThat(sealed.seals()).isNull();
    assertThat(sealed.crcs())
        .containsExactly(
            Samples.crc(Samples.bytes(plain, 0, BLOCK_BYTES)),
            Samples.crc(Samples.bytes(plain, BLOCK_BYTES, BLOCK_BYTES)));
    assertThat(pool.leases()).isEqualTo(1);
    plain.release();
    assertThat(pool.outstanding()).isZero();
  }

  @Test
  void nothingIsTriedWithoutCompression() {
    SealedBlocks sealed = new Sealer(Compression.NONE, pool).seal(pool.of(Samples.zeros()));

    assertThat(sealed.seals()).isNull();
    assertThat(sealed.crcs()).containsExactly(Samples.crc(Samples.zeros()));
    assertThat(sealed.payload().lengthBytes()).isEqualTo(BLOCK_BYTES);
    sealed.payload().release();
    assertThat(pool.outstanding()).isZero();
  }

  @Test
  void aBlockHasToSaveAnEighth() {
    Scripted shrinker = new Scripted(3585, 3584, 3583, 4096, 4128);

    SealedBlocks sealed = new Sealer(shrinker, pool).seal(pool.lease(5 * BLOCK_BYTES));

    assertThat(sealed.seals())
        .containsExactly(
            null,
            BlockSeal.compressed(Codec.LZ4, 3584),
            BlockSeal.compressed(Codec.LZ4, 3583),
            null,
            null);
    assertThat(sealed.payload().lengthBytes()).isEqualTo(3584 + 3583 + 3 * BLOCK_BYTES);
    sealed.payload().release();
  }

  @Test
  void afterSixteenInVainOnlyEveryEighthBlockIsTried() {
    Scripted shrinker = new Scripted();
    Sealer sealer = new Sealer(shrinker, pool);

    seal(shrinker, sealer, 10, 4096); // the count goes on from write to write
    seal(shrinker, sealer, 30, 4096);

    assertThat(shrinker.tried).isEqualTo(numbers(0, 16, 23, 31, 39));
  }

  @Test
  void oneThatShrinksBringsTheOthersBack() {
    Scripted shrinker = new Scripted();
    Sealer sealer = new Sealer(shrinker, pool);

    seal(shrinker, sealer, 23, 4096);
    seal(shrinker, sealer, 1, 100);
    seal(shrinker, sealer, 26, 4096);

    assertThat(shrinker.tried.subList(0, 16)).isEqualTo(numbers(0, 16));
    assertThat(shrinker.tried.subList(16, shrinker.tried.size())).isEqualTo(numbers(23, 40, 47));
  }

  @Test
  void oneThatShrinksInTimeStartsTheCountAgain() {
    Scripted shrinker = new Scripted();
    Sealer sealer = new Sealer(shrinker, pool);

    seal(shrinker, sealer, 15, 4096);
    seal(shrinker, sealer, 1, 100);
    seal(shrinker, sealer, 25, 4096);

    assertThat(shrinker.tried).isEqualTo(numbers(0, 32, 39));
  }

  /** From, up to but without, and then those. */
  private static List<Integer> numbers(int from, int to, int... more) {
    return IntStream.concat(IntStream.range(from, to), IntStream.of(more)).boxed().toList();
  }

  @Test
  void whatIsNotTriedIsStoredAsItIs() {
    Sealer sealer = new Sealer(Compression.LZ4, pool);
    for (int i = 0; i < 16; i++) {
      sealer.seal(pool.of(Samples.noise(random))).payload().release();
    }

    SealedBlocks sealed = sealer.seal(pool.of(new byte[9 * BLOCK_BYTES]));

    for (int i = 0; i < 9; i++) {
      assertThat(sealed.seals()[i] == null).isEqualTo(i < 7);
    }
    assertThat(Samples.bytes(sealed.payload(), 0, 7 * BLOCK_BYTES))
        .isEqualTo(new byte[7 * BLOCK_BYTES]);
    sealed.payload().release();
    assertThat(pool.outstanding()).isZero();
  }

  /** A write, all of whose blocks become that long if they are tried. */
  private void seal(Scripted shrinker, Sealer sealer, int blocks, int length) {
    shrinker.lengths = new int[] {length};
    sealer.seal(pool.lease(blocks * BLOCK_BYTES)).payload().release();
    shrinker.before += blocks;
  }

  /** Says what lengths blocks shrink to, in turn, and notes which it was asked for. */
  private static final class Scripted implements Shrinker {
    private int[] lengths;
    private int asked;
    private int before;
    private final List<Integer> tried = new ArrayList<>();

    Scripted(int... lengths) {
      this.lengths = lengths;
    }

    @Override
    public Codec codec() {
      return Codec.LZ4;
    }

    @Override
    public int shrunkBytesMax() {
      return 5000;
    }

    @Override
    public int shrink(ByteBuffer plain, int from, ByteBuffer out) {
      tried.add(before + from / BLOCK_BYTES);
      return lengths[asked++ % lengths.length];
    }

    @Override
    public boolean restore(ByteBuffer stored, int from, int lengthBytes, ByteBuffer out, int to) {
      throw new UnsupportedOperationException();
    }
  }
}
