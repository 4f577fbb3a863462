package io.ashlar.store;

import static io.ashlar.store.Format.PAGE_BYTES;

import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import io.ashlar.env.Disk;
import io.ashlar.store.map.NodeStore.NodeReceiver;
import io.ashlar.store.map.NodeWord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Reads many nodes of maps, as opening a disk does. A checkpoint writes thousands of them one
 * behind the other, several in a page: what lies close together is read with one call, and while
 * some are received the next ones are being read. Blocking, once.
 */
final class NodeReads {
  /** Pages between two nodes that are rather read than left out with a call of its own. */
  private static final int GAP_PAGES_MAX = 8;

  private static final int RUN_PAGES_MAX = 64;
  private static final int RUNS_AT_ONCE = 32;

  private final Disk disk;
  private final PayloadPool pool;
  private final long[] words;
  private final NodeReceiver receiver;
  private final List<Run> again = new ArrayList<>();

  NodeReads(Disk disk, PayloadPool pool, long[] words, NodeReceiver receiver) {
    this.disk = disk;
    this.pool = pool;
    this.words = words;
    this.receiver = receiver;
  }

  /** Nodes that are read together: some neighbours in the order of their places. */
  private record Run(int[] indexes, long firstPage, int pages) {}

  /** Runs whose reads have begun. */
  private record Begun(List<Run> runs, Payload[] payloads, Disk.Reading reading) {}

  void run() {
    readAll(runs(words));
    readAll(List.copyOf(again));
  }

  private void readAll(List<Run> runs) {
    Begun before = begin(List.of());
    for (int from = 0; from < runs.size(); from += RUNS_AT_ONCE) {
      Begun next = begin(runs.subList(from, Math.min(runs.size(), from + RUNS_AT_ONCE)));
      finish(before);
      before = next;
    }
    finish(before);
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

  private Begun begin(List<Run> runs) {
    Payload[] payloads = new Payload[runs.size()];
    ByteBuffer[] views = new ByteBuffer[runs.size()];
    long[] offsets = new long[runs.size()];
    for (int i = 0; i < runs.size(); i++) {
      payloads[i] = pool.lease(runs.get(i).pages * PAGE_BYTES);
      views[i] = payloads[i].view();
      offsets[i] = runs.get(i).firstPage << Format.PAGE_SHIFT;
    }
    return new Begun(runs, payloads, disk.beginNow(offsets, views));
  }

  private void finish(Begun begun) {
    int[] outcomes = begun.reading.await();
    for (int i = 0; i < outcomes.length; i++) {
      Run run = begun.runs.get(i);
      if (outcomes[i] == 0) {
        receive(run, begun.payloads[i]);
      } else if (run.indexes.length > 1) {
        again.addAll(oneByOne(run));
      } else {
        receiver.node(run.indexes[0], null);
      }
      begun.payloads[i].release();
    }
  }

  private void receive(Run run, Payload pages) {
    for (int index : run.indexes) {
      long word = words[index];
      int at = (int) (page(word) - run.firstPage) * PAGE_BYTES + NodeWord.offsetBytes(word);
      receiver.node(index, Format.littleEndian(pages.view(at, NodeWord.lengthBytes(word))));
    }
  }

  /** A page that cannot be read costs only the nodes that lie on it. */
  private List<Run> oneByOne(Run run) {
    return Arrays.stream(run.indexes)
        .mapToObj(index -> new Run(new int[] {index}, page(words[index]), pages(words[index])))
        .toList();
  }
}
