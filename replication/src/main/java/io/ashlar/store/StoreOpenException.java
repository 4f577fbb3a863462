package io.ashlar.store;

import java.io.IOException;

/** A disk cannot be opened; the message says what was found and what an operator can do. */
public final class StoreOpenException extends IOException {
  private static final long serialVersionUID = 1;

  public StoreOpenException(String message, Object... arguments) {
    super(String.format(message, arguments));
  }
}
