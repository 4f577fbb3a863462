package io.ashlar.node.disk;

import java.io.IOException;

/** There is no data disk that can be used; the message says what was looked at. */
public final class NoDeviceException extends IOException {
  private static final long serialVersionUID = 1;

  public NoDeviceException(String message) {
    super(message);
  }
}
