package io.ashlar.store;

import io.ashlar.store.ReplicaStore.ExtentVersions;
import io.ashlar.store.ReplicaStore.ExtentsCallback;
import io.ashlar.store.ReplicaStore.Result;
import io.ashlar.store.map.Hold;
import io.ashlar.store.map.Steps;
import io.ashlar.store.map.VolumeMap;
import java.util.Arrays;

/** Lists extents by their versions, loading nodes as it comes to them. Loop thread only. */
final class ExtentScan extends Steps {
  private final VolumeMap map;
  private final LogStore store;
  private final long aboveVersion;
  private final ExtentsCallback done;
  private final long[] extents;
  private final long[] versions;
  private int count;
  private long at;

  ExtentScan(
      VolumeMap map,
      LogStore store,
      long aboveVersion,
      long fromExtent,
      int limit,
      ExtentsCallback done) {
    this.map = map;
    this.store = store;
    this.aboveVersion = aboveVersion;
    this.at = fromExtent;
    this.extents = new long[limit];
    this.versions = new long[limit];
    this.done = done;
  }

  @Override
  protected boolean step() {
    at = map.nextExtentAbove(aboveVersion, at);
    if (at < 0 || count == extents.length) {
      ExtentVersions found =
          new ExtentVersions(Arrays.copyOf(extents, count), Arrays.copyOf(versions, count));
      store.answerLater(result -> done.done(result, result == Result.OK ? found : null));
      return false;
    }
    store.cache().holdMid(map, VolumeMap.midOf(at), this::look);
    return true;
  }

  private void look(Hold hold) {
    if (hold == null) {
      store.answerLater(result -> done.done(result, null));
      return;
    }
    long mid = VolumeMap.midOf(at);
    while (at >= 0 && VolumeMap.midOf(at) == mid && count < extents.length) {
      long version = map.extentVersion(at);
      if (version > aboveVersion) {
        extents[count] = at;
        versions[count++] = version;
      }
      at++;
    }
    hold.release();
    stepped();
  }
}
