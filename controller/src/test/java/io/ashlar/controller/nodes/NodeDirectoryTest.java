package io.ashlar.controller.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.controller.state.NodeRecord;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.Records;
import io.ashlar.controller.store.embedded.EmbeddedStore;
import io.ashlar.model.NodeId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When nodes count as reachable. */
final class NodeDirectoryTest {
  private static final NodeId NODE = new NodeId("n1");

  @TempDir Path folder;
  private EmbeddedStore store;
  private Records<NodeRecord> records;
  private long now;

  @BeforeEach
  void open() {
    store = new EmbeddedStore(folder.resolve("cluster.db"));
    records = new Records<>(store, Collection.NODES, NodeRecord.class);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private NodeDirectory freshController() {
    return new NodeDirectory(records, () -> now, Duration.ofSeconds(5));
  }

  private void after(int seconds) {
    now += TimeUnit.SECONDS.toNanos(seconds);
  }

  private static NodeRecord node() {
    return new NodeRecord(NODE, 1, 7, "boot", new TreeMap<>(), List.of(), "a:1", "a:2", 0, "");
  }

  @Test
  void oneThatSpokeIsUnreachableWhenItIsSilentForTooLong() {
    NodeDirectory nodes = freshController();
    nodes.register(node());
    after(5);
    assertThat(nodes.isReachable(NODE)).isTrue();
    after(1);
    assertThat(nodes.isReachable(NODE)).isFalse();
    assertThat(nodes.heartbeat(NODE, 7, List.of())).isTrue();
    assertThat(nodes.isReachable(NODE)).isTrue();
  }

  @Test
  void oneThatAFreshControllerKnowsGetsTimeToFindIt() {
    freshController().register(node());
    NodeDirectory nodes = freshController();
    after(15);
    assertThat(nodes.isReachable(NODE)).isTrue();
    after(1);
    assertThat(nodes.isReachable(NODE)).isFalse();
  }
}
