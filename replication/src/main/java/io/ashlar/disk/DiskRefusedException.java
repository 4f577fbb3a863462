package io.ashlar.disk;

import java.io.IOException;
import java.nio.file.Path;

/** A disk holds something that cannot be used as this node's pool. It was not formatted. */
public final class DiskRefusedException extends IOException {
  private static final long serialVersionUID = 1;

  DiskRefusedException(Path path, String problem) {
    super(
        ("%s is refused: %s. It was not formatted. Put the right disk back, or give the node an"
                + " empty one: its copies are then made anew from the other nodes")
            .formatted(path, problem));
  }

  DiskRefusedException(Path path, String problem, Throwable cause) {
    this(path, problem);
    initCause(cause);
  }
}
