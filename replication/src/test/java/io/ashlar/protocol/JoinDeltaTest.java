package io.ashlar.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class JoinDeltaTest {
  private final JoinDelta delta = new JoinDelta();

  private List<Long> pullAll() {
    List<Long> pulled = new ArrayList<>();
    for (long[] part = delta.nextToPull(); part != null; part = delta.nextToPull()) {
      LongStream.of(part).forEach(pulled::add);
      delta.pulled();
    }
    return pulled;
  }

  @Test
  void whatAnybodyListsIsPulledOnce() {
    delta.add(LongStream.range(0, 300).toArray(), Long.MAX_VALUE);
    delta.add(new long[] {5, 299, 1_000}, Long.MAX_VALUE);
    delta.planPull();
    assertThat(delta.leftToPull()).isEqualTo(301);
    assertThat(pullAll()).hasSize(301).isSorted().doesNotHaveDuplicates().contains(1_000L);
    assertThat(delta.leftToPull()).isZero();
    assertThat(delta.pulledExtents()).isEqualTo(301);
  }

  @Test
  void whatIsBehindTheListedRangeIsLeftOut() {
    delta.add(new long[] {3, 7, 8}, 7);
    delta.planPull();
    assertThat(pullAll()).containsExactly(3L, 7L);
  }

  @Test
  void aPartStaysNextUntilItIsPulled() {
    delta.add(new long[] {1, 2}, 2);
    delta.planPull();
    assertThat(delta.nextToPull()).isEqualTo(delta.nextToPull()).containsExactly(1, 2);
  }

  @Test
  void everythingIsComparedAndWhatDiffersIsPulledAgain() {
    delta.add(LongStream.range(0, 5_000).toArray(), Long.MAX_VALUE);
    delta.planPull();
    pullAll();
    delta.startComparing();
    long compared = 0;
    for (long[] part = delta.nextToCompare(); part.length > 0; part = delta.nextToCompare()) {
      long[] mine = part.clone();
      long[] theirs = part.clone();
      for (int i = 0; i < part.length; i++) {
        theirs[i] += part[i] == 17 || part[i] == 4_999 ? 1 : 0;
      }
      delta.compared(part, mine, theirs);
      compared += part.length;
    }
    assertThat(compared).isEqualTo(5_000);
    assertThat(delta.differentExtents()).isEqualTo(2);
    delta.planPullOfDifferent();
    assertThat(pullAll()).containsExactly(17L, 4_999L);

    delta.startComparing();
    assertThat(delta.differentExtents()).isZero();
    assertThat(delta.nextToCompare()).startsWith(0);
  }
}
