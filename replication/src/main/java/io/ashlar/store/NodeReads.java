package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.store.map.NodeWord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Reads many nodes of maps, as opening a disk does. A checkpoint writes thousands of them one
 * behind the other, several in a page: what lies close together is read with one call. Blocking.
 */
final class NodeReads {
  /** Pages between two nodes that are rather read than left out with a call of its own. */
  private static final int GAP_PAGES_MAX = 8;

  private static final int RUN_PAGES_MAX = 64;
  private static final int RUNS_AT_ONCE = 32;

  private final Disk disk;
  private final PayloadPool pool;

  NodeReads(Disk disk, PayloadPool pool) {
    this.disk = disk;
    this.pool = pool;
  }

  /** Nodes that are read together: some neighbours in the order of their places. */
  private record Run(int[] indexes, long firstPage, int pages) {}

  /** The bytes of each node, little-endian; null for each of which they cannot be read. */
  ByteBuffer[] read(long... words) {
    ByteBuffer[] nodes = new ByteBuffer[words.length];
    List<Run> runs = runs(words);
    for (int from = 0; from < runs.size(); from += RUNS_AT_ONCE) {
      List<Run> some = runs.subList(from, Math.min(runs.size(), from + RUNS_AT_ONCE));
      read(some, words, nodes);
    }
    return nodes;
  }

  private static List<Run> runs(long[] words) {
    int[] order = byPlace(words);
    List<Run> runs = new ArrayList<>();
    int from = 0;
    while (from < order.length) {
      long first = page(words[order[from]]);
      long end = first + pages(words[order[from]]);
      int to = from + 1;
      while (to < order.length
          && page(words[order[to]]) <= end + GAP_PAGES_MAX
          && page(words[order[to]]) + pages(words[order[to]]) <= first + RUN_PAGES_MAX) {
        end = Math.max(end, page(words[order[to]]) + pages(words[order[to]]));
        to++;
      }
      runs.add(new Run(Arrays.copyOfRange(order, from, to), first, (int) (end - first)));
      from = to;
    }
    return runs;
  }

  private static int[] byPlace(long[] words) {
    Integer[] order = new Integer[words.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingLong(i -> page(words[i])));
    return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
  }

  private static long page(long word) {
    return Integer.toUnsignedLong(NodeWord.place(word));
  }

  /** Pages that a node lies on. */
  static int pages(long word) {
    int end = NodeWord.offsetBytes(word) + NodeWord.lengthBytes(word);
    return (end + PAGE_BYTES - 1) >>> Format.PAGE_SHIFT;
  }

  private void read(List<Run> runs, long[] words, ByteBuffer[] nodes) {
    Payload[] payloads = new Payload[runs.size()];
    ByteBuffer[] views = new ByteBuffer[runs.size()];
    long[] offsets = new long[runs.size()];
    for (int i = 0; i < runs.size(); i++) {
      payloads[i] = pool.lease(runs.get(i).pages * PAGE_BYTES);
      views[i] = payloads[i].view();
      offsets[i] = runs.get(i).firstPage << Format.PAGE_SHIFT;
    }
    int[] outcomes = disk.readNow(offsets, views);
    List<Run> again = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      if (outcomes[i] == 0) {
        take(runs.get(i), payloads[i], words, nodes);
      } else if (runs.get(i).indexes.length > 1) {
        again.addAll(oneByOne(runs.get(i), words));
      }
      payloads[i].release();
    }
    if (!again.isEmpty()) {
      read(again, words, nodes);
    }
  }

  private static void take(Run run, Payload pages, long[] words, ByteBuffer[] nodes) {
    for (int index : run.indexes) {
      long word = words[index];
      int at = (int) (page(word) - run.firstPage) * PAGE_BYTES + NodeWord.offsetBytes(word);
      ByteBuffer copy = ByteBuffer.allocate(NodeWord.lengthBytes(word));
      nodes[index] = Format.littleEndian(copy.put(pages.view(at, copy.capacity())).flip());
    }
  }

  /** A page that cannot be read costs only the nodes that lie on it. */
  private static List<Run> oneByOne(Run run, long[] words) {
    return Arrays.stream(run.indexes)
        .mapToObj(index -> new Run(new int[] {index}, page(words[index]), pages(words[index])))
        .toList();
  }
}
