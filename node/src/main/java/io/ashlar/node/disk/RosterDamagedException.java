package io.ashlar.node.disk;

import java.io.IOException;
import java.nio.file.Path;

/** The file that says which disks were in use last cannot be believed; it was left as it is. */
public final class RosterDamagedException extends IOException {
  private static final long serialVersionUID = 1;

  RosterDamagedException(Path file, String problem) {
    super(
        ("%s, which says which disks of this node were in use last, is damaged: %s. Put all disks"
             + " of the node in place, remove this file and start again: what it said is then found"
             + " on the disks, or the start is refused if one of them is missing")
            .formatted(file, problem));
  }
}
