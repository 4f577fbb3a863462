package io.ashlar.store;

import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

import io.ashlar.block.TailEntry;
import io.ashlar.model.Version;
import io.ashlar.store.ReplicaStore.TailCallback;
import io.ashlar.store.map.Hold;
import io.ashlar.store.map.MapCache.Need;
import io.ashlar.store.map.Steps;
import io.ashlar.store.map.VolumeMap;
import java.util.ArrayList;
import java.util.List;

/** Collects everything above a version, loading nodes as it comes to them. Loop thread only. */
final class TailScan extends Steps {
  private final ReplicaContent content;
  private final VolumeMap map;
  private final LogStore store;
  private final long version;
  private final TailCallback done;
  private final List<TailEntry> tail = new ArrayList<>();
  private long at;

  TailScan(ReplicaContent content, LogStore store, long version, TailCallback done) {
    this.content = content;
    this.map = content.map();
    this.store = store;
    this.version = version;
    this.done = done;
  }

  @Override
  protected boolean step() {
    while (true) {
      at = map.nextExtentAbove(version, at);
      if (at < 0) {
        store.answerLater(result -> done.done(result, tail));
        return false;
      }
      long tombstones = map.wholeTombstones(at);
      if (tombstones == 0) {
        break;
      }
      if (map.midVersion(at) > map.letGo()) {
        ReplicaContent.add(
            tail,
            new TailEntry(
                at * EXTENT_BLOCKS, tombstones * EXTENT_BLOCKS, map.midVersion(at), true));
      }
      at += tombstones;
    }
    store
        .cache()
        .hold(
            map, at * EXTENT_BLOCKS, (at + 1) * EXTENT_BLOCKS, Need.READ, Version.NONE, this::look);
    return true;
  }

  private void look(Hold hold) {
    if (hold == null) {
      store.answerLater(result -> done.done(result, List.of()));
      return;
    }
    if (map.extentVersion(at) > version) {
      content.addAbove(at, version, tail);
    }
    hold.release();
    at++;
    stepped();
  }
}
