package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.sim.SimRng;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table of queued versions against a plain list. */
final class PendingVersionsTest {
  private record Queued(long first, long end, long version, long ticket) {}

  @Test
  void laterTicketsWinWhateverTheirVersions() {
    SimRng rng = new SimRng(1);
    PendingVersions pending = new PendingVersions();
    List<Queued> queued = new ArrayList<>();
    for (long ticket = 1; ticket < 20_000; ticket++) {
      if (queued.size() < 40 || (queued.size() < 400 && rng.oneIn(2))) {
        add(pending, queued, rng, ticket);
      } else {
        remove(pending, queued.removeFirst());
      }
      long block = rng.nextInt(200);
      assertThat(pending.version(block)).isEqualTo(expected(queued, block));
    }
    queued.forEach(each -> remove(pending, each));
    for (long block = 0; block < 200; block++) {
      assertThat(pending.version(block)).isEqualTo(-1);
    }
  }

  private static void add(PendingVersions pending, List<Queued> queued, SimRng rng, long ticket) {
    long first = rng.nextInt(200);
    long version = rng.nextInt(1000);
    if (rng.oneIn(8)) {
      long end = first + 2 + rng.nextInt(20);
      pending.addRange(first, end, version, ticket);
      queued.add(new Queued(first, end, version, ticket));
    } else {
      pending.addBlock(first, version, ticket);
      queued.add(new Queued(first, first + 1, version, ticket));
    }
  }

  private static void remove(PendingVersions pending, Queued one) {
    if (one.end - one.first > 1) {
      pending.removeRange(one.first, one.end, one.ticket);
    } else {
      pending.removeBlock(one.first, one.ticket);
    }
  }

  private static long expected(List<Queued> queued, long block) {
    long version = -1;
    for (Queued each : queued) {
      if (each.first <= block && block < each.end) {
        version = each.version;
      }
    }
    return version;
  }
}
