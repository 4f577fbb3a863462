package io.ashlar.store.pool;

/**
 * Neighbouring blocks of a replica that are on one disk, or nowhere.
 *
 * @param placed false if nothing was ever written there; with a place but no disk that is gone
 * @param disk null if there is none
 * @param mirror the disk that they are moving to; else null
 */
record Stretch(long first, long end, boolean placed, PoolDisk disk, PoolDisk mirror) {
  int count() {
    return (int) (end - first);
  }

  boolean goesOnWith(Stretch next) {
    return end == next.first && placed == next.placed && disk == next.disk && mirror == next.mirror;
  }

  Stretch with(Stretch next) {
    return new Stretch(first, next.end, placed, disk, mirror);
  }
}
