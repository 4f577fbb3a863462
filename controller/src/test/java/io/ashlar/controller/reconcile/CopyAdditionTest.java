package io.ashlar.controller.reconcile;

import static io.ashlar.controller.reconcile.CopyBench.SILENCE;
import static io.ashlar.controller.reconcile.CopyBench.node;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.model.FailureMode;
import io.ashlar.model.Member;
import io.ashlar.model.ReplicaState;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A volume that lacks a copy gets one on n3, step by step. */
final class CopyAdditionTest {
  @TempDir Path folder;
  private CopyBench bench;
  private CopyAddition addition;

  @BeforeEach
  void start() {
    bench = new CopyBench(folder);
    bench.hear(1, 2, 3);
    bench.createDegraded(FailureMode.SOFT);
    bench.change(record -> record.without(2));
    bench.cluster.bury(CopyBench.VOLUME, CopyBench.member(2));
    addition = new CopyAddition(bench.cluster);
  }

  @AfterEach
  void stop() {
    bench.close();
  }

  private VolumeRecord record() {
    return bench.volume().value();
  }

  /** Only n3 has room: n1 holds a copy, and n2 is silent. */
  private Member begun() {
    bench.pass(SILENCE.plusNanos(1));
    bench.hear(1, 3);
    assertThat(addition.begin(bench.volume())).isEqualTo(Step.AGAIN);
    return record().operations().adding().orElseThrow().member();
  }

  @Test
  void theReplicaIsNotedBeforeItIsMade() {
    Member noted = begun();
    assertThat(noted.node()).isEqualTo(node(3));
    assertThat(noted.state()).isEqualTo(ReplicaState.EMPTY);
    assertThat(bench.births).isEmpty();
    assertThat(bench.members()).containsExactly(node(1));
    assertThat(record().copiesMissing()).isZero();
  }

  @Test
  void itIsAnEmptyMemberWhenItIsThere() {
    Member noted = begun();
    assertThat(addition.finish(bench.volume())).isEqualTo(Step.AGAIN);
    assertThat(bench.members()).containsExactly(node(1), node(3));
    assertThat(record().membership().member(noted.replica())).contains(noted);
    assertThat(record().operations().adding()).isEmpty();
    assertThat(record().membership().inSync()).containsExactly(1L);
  }

  /** Its promise would otherwise keep out the coordinator that serves in the present epoch. */
  @Test
  void itIsBornOneEpochBelowThePresentOne() {
    bench.change(record -> record.withMembership(record.membership().withEpoch(7)));
    begun();
    addition.finish(bench.volume());
    assertThat(bench.births).hasSize(1);
    assertThat(bench.births.getFirst().epoch()).isEqualTo(6);
    assertThat(bench.births.getFirst().inSync()).containsExactly(1L);
  }

  @Test
  void nothingBeginsWhereNoNodeHasRoom() {
    bench.pass(SILENCE.plusNanos(1));
    bench.hear(1);
    assertThat(addition.begin(bench.volume())).isEqualTo(Step.DONE);
    assertThat(record().operations().adding()).isEmpty();
  }

  @Test
  void aRefusalFreesTheWayForAnotherNode() {
    Member noted = begun();
    bench.trouble = AgentException.Kind.REFUSED;
    assertThat(addition.finish(bench.volume())).isInstanceOf(Step.After.class);
    assertThat(record().operations().adding()).isEmpty();
    assertThat(record().copiesMissing()).isEqualTo(1);
    assertThat(bench.graves()).contains(noted.replica());
  }

  /** It may have been made: the same replica is asked for again. */
  @Test
  void aFailureOfANodeThatIsThereIsTriedAgainWithTheSameReplica() {
    final Member noted = begun();
    for (AgentException.Kind kind :
        new AgentException.Kind[] {AgentException.Kind.FAILED, AgentException.Kind.UNREACHABLE}) {
      bench.trouble = kind;
      Step step = addition.finish(bench.volume());
      assertThat(step)
          .isInstanceOfSatisfying(
              Step.After.class,
              after -> {
                assertThat(after.delay()).isPositive().isLessThan(Duration.ofMinutes(1));
                assertThat(after.problem()).contains("n3");
              });
      assertThat(record().operations().adding().orElseThrow().member()).isEqualTo(noted);
      assertThat(bench.graves()).doesNotContain(noted.replica());
    }
    bench.trouble = null;
    addition.finish(bench.volume());
    assertThat(bench.members()).containsExactly(node(1), node(3));
  }

  @Test
  void aNodeThatFallsSilentIsGivenUpAndItsReplicaBuried() {
    Member noted = begun();
    bench.pass(SILENCE.plusNanos(1));
    bench.hear(1);
    bench.trouble = AgentException.Kind.UNREACHABLE;
    assertThat(addition.finish(bench.volume())).isInstanceOf(Step.After.class);
    assertThat(record().operations().adding()).isEmpty();
    assertThat(bench.graves()).contains(noted.replica());
  }
}
