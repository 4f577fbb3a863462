package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A few of the random lives of pools; {@code deploy/dev/store-tests pools} does more. */
final class PoolRunTest {
  /**
   * 4, 117, 138, 364 and 6024 found something once: a crash while a shard changed its disk, a disk
   * that was left behind, one that was taken out while a shard was on its way there, and one that
   * failed just then; and both disks of a move that failed.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 117, 138, 364, 398, 6024})
  void nothingIsLostWhateverBecomesOfDisks(long seed) {
    assertThat(PoolRun.run(seed, 25).lives()).isEqualTo(25);
  }
}
