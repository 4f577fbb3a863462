package io.ashlar.store.map;

/**
 * Runs steps one after the other, each of which may be over at once or later, without going deeper
 * into the stack for those that are over at once.
 */
public abstract class Steps {
  private boolean running;
  private boolean over;

  /**
   * Begins a step; false if there is none left. The step tells {@link #stepped} when it is over.
   */
  protected abstract boolean step();

  public final void start() {
    running = true;
    do {
      over = false;
    } while (step() && over);
    running = false;
  }

  protected final void stepped() {
    over = true;
    if (!running) {
      start();
    }
  }
}
