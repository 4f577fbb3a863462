package io.ashlar.env;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Where a node keeps, apart from its disks, which of them were in use last. Without it nobody could
 * tell a disk that was left behind, and is the only one there, from one that has the newest.
 */
public interface Roster {
  /**
   * Disks in use.
   *
   * @param epoch grows with each change
   * @param disks their ids
   */
  record Known(int epoch, List<Long> disks) {
    public Known {
      disks = List.copyOf(disks);
    }
  }

  /** What was kept last; empty if nothing ever was, or it was lost with the node's state. */
  Optional<Known> known();

  /** Keeps it durably; blocking. */
  void keepNow(Known next) throws IOException;

  /** Keeps it durably and then runs {@code done} on the loop; calls are executed in order. */
  void keep(Known next, Runnable done);
}
