package io.ashlar.node.disk;

import java.io.IOException;
import java.nio.file.Path;

/** The file with what operators ordered about disks cannot be believed; it was left as it is. */
public final class DiskOrdersDamagedException extends IOException {
  private static final long serialVersionUID = 1;

  DiskOrdersDamagedException(Path file, String problem) {
    super(
        ("%s, which says which disks operators have added to this node, taken out or are draining,"
                + " is damaged: %s. Remove it, start again, and repeat these orders with \"ashlar"
                + " disk\"; until then disks that were added are missing, and a node does not serve"
                + " alone what they have")
            .formatted(file, problem));
  }
}
