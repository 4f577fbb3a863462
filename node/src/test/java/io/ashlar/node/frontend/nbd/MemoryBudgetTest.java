package io.ashlar.node.frontend.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MemoryBudgetTest {
  private int freed;
  private final MemoryBudget budget = new MemoryBudget(100, () -> freed++);

  @Test
  void oneRequestMoreIsTakenBelowTheBoundAndNoneAtIt() {
    budget.take(99);
    assertThat(budget.hasRoom()).isTrue();
    budget.take(1_000);
    assertThat(budget.hasRoom()).isFalse();
    budget.giveBack(999);
    assertThat(budget.hasRoom()).isFalse();
    budget.giveBack(1);
    assertThat(budget.hasRoom()).isTrue();
  }

  @Test
  void thoseWhoWaitAreToldOnceWhenThereIsRoomAgain() {
    budget.take(50);
    budget.giveBack(10);
    assertThat(freed).isZero();
    budget.take(70);
    budget.giveBack(5);
    assertThat(freed).isZero();
    budget.giveBack(10);
    budget.giveBack(10);
    assertThat(freed).isEqualTo(1);
  }
}
