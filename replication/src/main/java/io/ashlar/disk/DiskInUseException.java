package io.ashlar.disk;

import java.io.IOException;

/** Another process, or the kernel itself, has the disk open for itself. Later it may be free. */
public final class DiskInUseException extends IOException {
  private static final long serialVersionUID = 1;

  DiskInUseException(String message) {
    super(message);
  }

  DiskInUseException(IOException cause) {
    super(cause.getMessage(), cause);
  }
}
