package io.ashlar.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class SpreadTest {
  private static final int SHIFT = 20;
  private final Spread blank = Spread.blank(SHIFT, 1L << 40).naming(List.of(7L, 8L));

  @Test
  void aShardIsWhereItWasPlaced() {
    Spread spread = blank.placed(3, 8).placed(0, 7);
    assertThat(spread.isOn(3, 8)).isTrue();
    assertThat(spread.isOn(0, 7)).isTrue();
    assertThat(spread.isPlaced(1)).isFalse();
    assertThat(spread.isPlaced(100)).isFalse();
    assertThat(spread.firstOn(8)).hasValue(3);
    assertThat(spread.isComplete(disk -> true)).isTrue();
    assertThat(spread.isComplete(disk -> disk == 7)).isFalse();
    assertThatThrownBy(() -> blank.placed(1, 9)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theLastShardTakesWhatIsBehindIt() {
    long last = Blocks.VOLUME_BYTES_MAX / Blocks.BLOCK_BYTES - 1;
    assertThat(blank.shardOf(last)).isEqualTo(Spread.SHARDS_MAX - 1);
    assertThat(blank.endBlock(Spread.SHARDS_MAX - 1)).isEqualTo(last + 1);
    assertThat(blank.shardShift()).isEqualTo(SHIFT);
    Spread large = Spread.blank(SHIFT, Blocks.VOLUME_BYTES_MAX);
    assertThat(large.shardOf(last)).isLessThan(Spread.SHARDS_MAX / 4);
  }

  @Test
  void whatWasLostIsFreshUntilItIsSettled() {
    Spread spread = blank.placed(0, 7).placed(1, 8).placed(2, 7).placed(3, 7);
    Spread refreshed = spread.refreshed(disk -> disk == 8);
    assertThat(refreshed.isPlaced(0)).isFalse();
    assertThat(refreshed.isOn(1, 8)).isTrue();
    assertThat(refreshed.fresh())
        .containsExactly(new long[] {0, 1 << SHIFT}, new long[] {2 << SHIFT, 4 << SHIFT});
    assertThat(refreshed.placed(0, 8).fresh()).hasSize(2);
    assertThat(refreshed.settled().fresh()).isEmpty();
  }

  @Test
  void disksWithoutShardsAreForgotten() {
    Spread spread = blank.placed(5, 8).naming(List.of(9L));
    assertThat(spread.disks()).containsExactly(8L, 9L);
    assertThat(spread.isOn(5, 8)).isTrue();
  }

  @Test
  void ofTooManyDisksTheOnesThatAreGoneAreGivenUp() {
    List<Long> present = LongStream.rangeClosed(101, 100 + Spread.DISKS_MAX).boxed().toList();
    Spread spread = blank.placed(0, 7).placed(1, 8).naming(present);
    assertThat(spread.disks()).containsExactlyInAnyOrderElementsOf(present);
    assertThat(spread.isPlaced(0)).isTrue();
    assertThat(spread.isComplete(disk -> true)).isFalse();
    assertThat(spread.refreshed(disk -> true).fresh()).containsExactly(new long[] {0, 2 << SHIFT});
  }
}
