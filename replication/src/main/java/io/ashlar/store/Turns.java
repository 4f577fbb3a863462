package io.ashlar.store;

import java.util.ArrayDeque;
import java.util.function.BooleanSupplier;

/**
 * Operations act in the order in which they came, though what they need in memory may arrive in
 * another. Loop thread only.
 */
final class Turns {
  private final ArrayDeque<Turn> queue = new ArrayDeque<>();
  private boolean acting;

  /** A place in the order. */
  final class Turn {
    private BooleanSupplier action;

    /**
     * Acts as soon as everybody before has, perhaps at once.
     *
     * @param action returns false if it has to wait for something else first, and will say so again
     */
    void ready(BooleanSupplier action) {
      this.action = action;
      act();
    }
  }

  Turn take() {
    Turn turn = new Turn();
    queue.add(turn);
    return turn;
  }

  private void act() {
    if (acting) {
      return;
    }
    acting = true;
    while (!queue.isEmpty() && queue.peek().action != null) {
      Turn head = queue.peek();
      BooleanSupplier action = head.action;
      head.action = null;
      if (!action.getAsBoolean()) {
        continue; // it is ready again already, or will be
      }
      queue.poll();
    }
    acting = false;
  }
}
