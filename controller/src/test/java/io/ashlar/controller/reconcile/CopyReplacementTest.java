package io.ashlar.controller.reconcile;

import static io.ashlar.controller.reconcile.CopyBench.SILENCE;
import static io.ashlar.controller.reconcile.CopyBench.node;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.model.FailureMode;
import io.ashlar.model.Member;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a copy is given up, and that nothing is given up for nothing. */
final class CopyReplacementTest {
  private static final Duration GRACE = Duration.ofMinutes(10);
  private static final Duration TICK = Duration.ofNanos(1);

  @TempDir Path folder;
  private CopyBench bench;
  private CopyReplacement replacement;

  @BeforeEach
  void start() {
    bench = new CopyBench(folder);
    bench.hear(1, 2, 3);
    replacement = new CopyReplacement(bench.cluster, () -> bench.now, GRACE);
  }

  @AfterEach
  void stop() {
    bench.close();
  }

  /** Time in which every node but n2 is heard of. */
  private void passWithoutN2(Duration time) {
    bench.pass(time);
    bench.hear(1, 3);
  }

  private Optional<Integer> wanted() {
    return replacement.wanted(bench.volume().value()).map(member -> (int) member.replica());
  }

  @Test
  void aCopyIsLostWhenItsNodeWasSilentForTheWholeGrace() {
    bench.createDegraded(FailureMode.SOFT);
    passWithoutN2(SILENCE.plus(TICK));
    assertThat(wanted()).isEmpty();
    passWithoutN2(GRACE.minus(TICK));
    assertThat(wanted()).isEmpty();
    passWithoutN2(TICK);
    assertThat(wanted()).contains(2);
  }

  @Test
  void aNodeThatReturnsBeginsItsGraceAnew() {
    bench.createDegraded(FailureMode.SOFT);
    passWithoutN2(SILENCE.plus(TICK));
    assertThat(wanted()).isEmpty();
    passWithoutN2(GRACE.minus(TICK));
    bench.hear(2);
    assertThat(wanted()).isEmpty();
    passWithoutN2(SILENCE.plus(TICK));
    assertThat(wanted()).isEmpty();
    passWithoutN2(GRACE.minus(TICK));
    assertThat(wanted()).isEmpty();
  }

  @Test
  void thereIsNoGraceWhileWritesAreHeld() {
    bench.createDegraded(FailureMode.HARD);
    passWithoutN2(SILENCE.plus(TICK));
    assertThat(wanted()).contains(2);
  }

  @Test
  void aCopyThatIsInSyncOrReachableIsNeverLost() {
    bench.create(FailureMode.HARD);
    passWithoutN2(SILENCE.plus(TICK));
    assertThat(wanted()).isEmpty();
    passWithoutN2(GRACE);
    assertThat(wanted()).isEmpty();
  }

  @Test
  void oneThingAtATime() {
    bench.createDegraded(FailureMode.HARD);
    passWithoutN2(SILENCE.plus(TICK));
    assertThat(wanted()).contains(2);
    VolumeRecord wantsOneMore = bench.volume().value().without(2);
    assertThat(replacement.wanted(wantsOneMore)).isEmpty();
    VolumeRecord leaving = bench.volume().value().deleting("the test");
    assertThat(replacement.wanted(leaving)).isEmpty();
  }

  @Test
  void theLostCopyLeavesTheRecordAndIsBuried() {
    Versioned<VolumeRecord> volume = bench.createDegraded(FailureMode.SOFT);
    passWithoutN2(SILENCE.plus(TICK));
    Member lost = volume.value().membership().member(2).orElseThrow();
    assertThat(replacement.step(volume, lost)).isEqualTo(Step.AGAIN);
    assertThat(bench.members()).containsExactly(node(1));
    assertThat(bench.graves()).containsExactly(2L);
  }

  @Test
  void withoutAnotherNodeForItTheCopyIsKept() {
    Versioned<VolumeRecord> volume = bench.createDegraded(FailureMode.SOFT);
    bench.pass(SILENCE.plus(TICK));
    bench.hear(1);
    Member lost = volume.value().membership().member(2).orElseThrow();
    assertThat(replacement.step(volume, lost)).isEqualTo(Step.DONE);
    assertThat(bench.members()).containsExactly(node(1), node(2));
    assertThat(bench.graves()).isEmpty();
  }

  /** It may be in sync again by now, and would be thrown away. */
  @Test
  void aRecordThatHasChangedMeanwhileIsLeftAlone() {
    Versioned<VolumeRecord> volume = bench.createDegraded(FailureMode.SOFT);
    passWithoutN2(SILENCE.plus(TICK));
    bench.change(record -> record.withFormat(record.format(), "ext4"));
    Member lost = volume.value().membership().member(2).orElseThrow();
    assertThat(replacement.step(volume, lost)).isEqualTo(Step.AGAIN);
    assertThat(bench.members()).containsExactly(node(1), node(2));
    assertThat(replacement.forget(volume, lost)).isEqualTo(Step.AGAIN);
    assertThat(bench.members()).containsExactly(node(1), node(2));
  }

  @Test
  void aCopyThatItsReachableNodeDoesNotHaveIsGone() {
    Versioned<VolumeRecord> volume = bench.createDegraded(FailureMode.SOFT);
    assertThat(replacement.gone(volume.value())).isEmpty();
    bench.loseDisk(2);
    Member gone = replacement.gone(volume.value()).orElseThrow();
    assertThat(gone.replica()).isEqualTo(2);
    assertThat(replacement.forget(volume, gone)).isEqualTo(Step.AGAIN);
    assertThat(bench.members()).containsExactly(node(1));
    assertThat(bench.graves()).isEmpty();
  }

  @Test
  void nothingIsGoneAsLongAsTheNodeDoesNotSaySo() {
    Versioned<VolumeRecord> volume = bench.createDegraded(FailureMode.SOFT);
    bench.loseDisk(1);
    assertThat(replacement.gone(volume.value())).as("in sync").isEmpty();
    bench.loseDisk(2);
    bench.trouble = AgentException.Kind.UNREACHABLE;
    assertThat(replacement.gone(volume.value())).as("no answer").isEmpty();
    bench.trouble = null;
    passWithoutN2(SILENCE.plus(TICK));
    assertThat(replacement.gone(volume.value())).as("silent").isEmpty();
  }
}
