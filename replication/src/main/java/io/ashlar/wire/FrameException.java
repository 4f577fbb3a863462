package io.ashlar.wire;

import java.io.IOException;

/** The bytes are no frame of this protocol; the connection has to end. */
public final class FrameException extends IOException {
  private static final long serialVersionUID = 1;

  public FrameException(String message) {
    super(message);
  }
}
