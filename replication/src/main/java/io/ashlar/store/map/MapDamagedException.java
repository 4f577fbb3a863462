package io.ashlar.store.map;

/** A node is not what was written there. */
public final class MapDamagedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  MapDamagedException(String what) {
    super(what);
  }
}
