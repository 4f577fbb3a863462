package io.ashlar.controller.reconcile;

import java.time.Duration;

/** What one look at a volume came to. */
public sealed interface Step {
  /** Nothing (more) to do. */
  record Done() implements Step {}

  /** The record has changed: look again at once. */
  record Again() implements Step {}

  /** Look again later; {@code problem} says what is waited for. */
  record After(Duration delay, String problem) implements Step {}

  Step DONE = new Done();
  Step AGAIN = new Again();

  static Step after(Duration delay, String format, Object... arguments) {
    return new After(delay, format.formatted(arguments));
  }
}
