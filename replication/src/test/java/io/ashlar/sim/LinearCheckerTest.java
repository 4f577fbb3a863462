package io.ashlar.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.sim.History.Op;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The checker itself: it must accept what a register can do and refuse what it cannot. */
final class LinearCheckerTest {
  private static Op write(long stamp, long start, long end) {
    Op op = new Op(true, stamp, start, 1);
    if (end != History.NEVER) {
      op.ended(end);
    }
    return op;
  }

  private static Op read(long stamp, long start, long end) {
    Op op = new Op(false, stamp, start, 1);
    op.ended(end);
    return op;
  }

  @Test
  void aReadOfTheLastWriteIsAccepted() {
    assertThat(LinearChecker.linearizable(List.of(write(1, 0, 10), read(1, 11, 12)))).isTrue();
  }

  @Test
  void aLostWriteIsRefused() {
    assertThat(LinearChecker.linearizable(List.of(write(1, 0, 10), read(0, 11, 12)))).isFalse();
  }

  @Test
  void aReadThatGoesBackIsRefused() {
    List<Op> ops = List.of(write(1, 0, 10), write(2, 11, 20), read(2, 21, 22), read(1, 23, 24));
    assertThat(LinearChecker.linearizable(ops)).isFalse();
  }

  @Test
  void aReadOverlappingAWriteMaySeeEither() {
    assertThat(LinearChecker.linearizable(List.of(write(1, 0, 10), read(0, 5, 6)))).isTrue();
    assertThat(LinearChecker.linearizable(List.of(write(1, 0, 10), read(1, 5, 6)))).isTrue();
  }

  @Test
  void aWriteWithoutAnswerMayTakeEffectLate() {
    List<Op> ops =
        List.of(write(1, 0, History.NEVER), write(2, 5, 10), read(2, 11, 12), read(1, 13, 14));
    assertThat(LinearChecker.linearizable(ops)).isTrue();
  }

  @Test
  void butNotTwice() {
    List<Op> ops =
        List.of(
            write(1, 0, History.NEVER),
            read(1, 1, 2),
            write(2, 5, 10),
            read(2, 11, 12),
            read(1, 13, 14));
    assertThat(LinearChecker.linearizable(ops)).isFalse();
  }

  @Test
  void aWriteWithoutAnswerTakesNoEffectAfterItsEnd() {
    Op late = write(1, 0, History.NEVER);
    late.end = 12;
    assertThat(LinearChecker.linearizable(List.of(late, write(2, 5, 10), read(1, 11, 13))))
        .isTrue();
    late.end = 8;
    assertThat(LinearChecker.linearizable(List.of(late, write(2, 9, 10), read(1, 11, 13))))
        .isFalse();
    assertThat(LinearChecker.linearizable(List.of(late, write(2, 9, 10), read(2, 11, 13))))
        .isTrue();
  }

  @Test
  void aValueNobodyWroteIsRefused() {
    assertThat(LinearChecker.linearizable(List.of(write(1, 0, 10), read(9, 11, 12)))).isFalse();
  }
}
