package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.store.map.DeadNode;
import io.ashlar.store.map.LostNode;
import io.ashlar.store.map.NodeStore;
import io.ashlar.store.map.NodeWord;
import java.nio.ByteBuffer;

/** Reads nodes, and counts what the maps point at. Loop thread only, and before it for opening. */
final class NodeIo implements NodeStore {
  /** What is told once the engine runs. */
  interface Host {
    void reclaim(DeadNode node);

    void cleaningNeeded();

    void nodeLost(LostNode node);
  }

  private final Disk disk;
  private final PayloadPool pool;
  private final Segments segments;
  private Host host;

  /**
   * @param opening told until {@link #serve}
   */
  NodeIo(Disk disk, PayloadPool pool, Segments segments, Host opening) {
    this.disk = disk;
    this.pool = pool;
    this.segments = segments;
    this.host = opening;
  }

  void serve(Host running) {
    host = running;
  }

  private static long offset(long word) {
    return Integer.toUnsignedLong(NodeWord.place(word)) << Format.PAGE_SHIFT;
  }

  private static ByteBuffer bytes(Payload pages, long word) {
    return Format.littleEndian(
        pages.view(NodeWord.offsetBytes(word), NodeWord.lengthBytes(word)).slice());
  }

  @Override
  public void readNode(long word, ReadCallback done) {
    Payload pages = pool.lease(NodeReads.pages(word) * PAGE_BYTES);
    segments.pin(NodeWord.place(word));
    disk.read(
        offset(word),
        pages.view(),
        errno -> {
          segments.unpin(NodeWord.place(word));
          done.done(errno == 0 ? bytes(pages, word) : null);
          pages.release();
        });
  }

  @Override
  public void readNodesNow(long[] words, NodeReceiver receiver) {
    new NodeReads(disk, pool, words, receiver).run();
  }

  @Override
  public void blockLive(int page, int units) {
    segments.live(page, units);
  }

  @Override
  public void nodeLive(long word, int sign) {
    segments.live(NodeWord.place(word), sign * (NodeWord.lengthBytes(word) / NodeWord.UNIT_BYTES));
  }

  @Override
  public void reclaim(DeadNode node) {
    host.reclaim(node);
  }

  @Override
  public void cleaningNeeded() {
    host.cleaningNeeded();
  }

  @Override
  public void nodeLost(LostNode node) {
    host.nodeLost(node);
  }
}
