package io.ashlar.node.pool;

import io.ashlar.store.LogStore;
import java.nio.file.Path;

/**
 * A disk of the pool, and where it was found.
 *
 * @param store loop thread only
 */
record NodeDisk(Path path, LogStore store) {
  /** A disk's id as people see it. */
  static String name(long id) {
    return "%016x".formatted(id);
  }

  long id() {
    return store.identity().diskId();
  }

  String name() {
    return name(id());
  }
}
