package io.ashlar.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Numbers stand for connections; the clock is the test's. */
final class NewcomersTest {
  private static final int CROWD = 4;

  private final Newcomers<Integer> newcomers = new Newcomers<>(CROWD);
  private long now;

  private List<Integer> add(int connection) {
    return newcomers.add(connection, now);
  }

  private void addAll(int from, int to) {
    for (int i = from; i < to; i++) {
      assertThat(add(i)).as("leaving for %d", i).isEmpty();
    }
  }

  @Test
  void inACrowdTheOldestGoesOnceItHadItsGrace() {
    addAll(0, CROWD);
    now += Newcomers.GRACE_NANOS;
    assertThat(add(100)).containsExactly(0);
    assertThat(add(101)).containsExactly(1);
  }

  @Test
  void nobodyGoesWithinHisGraceAsLongAsTheCrowdIsNotManyTimesAsLarge() {
    addAll(0, CROWD * Newcomers.CROWD_FACTOR);
    assertThat(add(1000)).containsExactly(0);
    assertThat(newcomers.count()).isEqualTo(CROWD * Newcomers.CROWD_FACTOR);
  }

  @Test
  void aCrowdThatCameAtOnceIsClearedWhenItsGraceIsOver() {
    addAll(0, 3 * CROWD);
    now += Newcomers.GRACE_NANOS;
    assertThat(add(1000)).hasSize(2 * CROWD + 1).startsWith(0, 1, 2);
    assertThat(newcomers.count()).isEqualTo(CROWD);
  }

  @Test
  void whoHasSpokenIsNobodysConcernAnyMore() {
    addAll(0, CROWD);
    now += Newcomers.GRACE_NANOS;
    newcomers.remove(0);
    assertThat(add(100)).isEmpty();
    assertThat(add(101)).containsExactly(1);
    now += Newcomers.PATIENCE_NANOS;
    assertThat(newcomers.takeOverdue(now)).doesNotContain(0);
  }

  @Test
  void timeIsOverForThoseAloneWhoCameLongAgo() {
    add(1);
    now += Newcomers.PATIENCE_NANOS - 1;
    add(2);
    assertThat(newcomers.takeOverdue(now)).isEmpty();
    now++;
    assertThat(newcomers.takeOverdue(now)).containsExactly(1);
    assertThat(newcomers.takeOverdue(now)).isEmpty();
    assertThat(newcomers.count()).isEqualTo(1);
  }
}
