package io.ashlar.controller.placement;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.controller.nodes.NodeStatus;
import io.ashlar.controller.state.NodeRecord;
import io.ashlar.controller.state.PoolState;
import io.ashlar.model.NodeId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class PlacementTest {
  private static final long GIB = 1L << 30;
  private final Placement placement = new Placement(SpacePolicy.DEFAULT);

  private static Candidate node(String id, String zone, long freeGib, long provisionedGib) {
    return new Candidate(
        new NodeStatus(record(id, zone, List.of(pool(freeGib, false))), true),
        provisionedGib * GIB,
        (int) provisionedGib);
  }

  private static PoolState pool(long freeGib, boolean failed) {
    return new PoolState("default", 100 * GIB, freeGib * GIB, failed);
  }

  private static NodeRecord record(String id, String zone, List<PoolState> pools) {
    return new NodeRecord(
        new NodeId(id),
        1,
        1,
        "boot",
        new TreeMap<>(Map.of(PlacementRequest.ZONE, zone, "host", id)),
        pools,
        "a:1",
        "a:2",
        0,
        "");
  }

  private static PlacementRequest copies(int copies) {
    return new PlacementRequest(copies, 10 * GIB, Set.of(), Set.of(), List.of());
  }

  private static List<String> names(Placement.Plan plan) {
    return plan.chosen().stream().map(chosen -> chosen.node().value()).toList();
  }

  @Test
  void copiesSpreadOverZonesThenGoWhereFewerAre() {
    List<Candidate> nodes =
        List.of(
            node("a1", "a", 90, 1),
            node("a2", "a", 90, 0),
            node("b1", "b", 50, 2),
            node("c1", "c", 40, 3));

    assertThat(names(placement.plan(copies(3), nodes))).containsExactly("a2", "b1", "c1");
    assertThat(names(placement.plan(copies(4), nodes))).containsExactly("a2", "b1", "c1", "a1");
  }

  @Test
  void theFirstCopyIsLocal() {
    PlacementRequest request =
        new PlacementRequest(
            2, GIB, Set.of(), Set.of(), List.of(Map.of("host", "n3"), Map.of("host", "n2")));
    List<Candidate> nodes =
        List.of(node("n1", "", 90, 0), node("n2", "", 50, 5), node("n3", "", 20, 9));

    assertThat(names(placement.plan(request, nodes))).containsExactly("n3", "n1");
  }

  @Test
  void rejectedNodesKeepTheirReason() {
    Candidate failed =
        new Candidate(new NodeStatus(record("failed", "", List.of(pool(90, true))), true), 0, 0);
    Candidate away =
        new Candidate(new NodeStatus(record("away", "", List.of(pool(90, false))), false), 0, 0);
    PlacementRequest request =
        new PlacementRequest(
            1, 10 * GIB, Set.of(new NodeId("holder")), Set.of(new NodeId("excluded")), List.of());
    Placement.Plan plan =
        placement.plan(
            request,
            List.of(
                failed,
                away,
                node("holder", "", 90, 0),
                node("excluded", "", 90, 0),
                node("full", "", 5, 0),
                node("promised", "", 90, 995)));

    assertThat(plan.chosen()).isEmpty();
    assertThat(plan.reasons())
        .contains("failed: has no working pool")
        .contains("away: unreachable")
        .contains("holder: holds a copy already")
        .contains("excluded: could not make a replica")
        .contains("full: pool default has")
        .contains("promised: 5368709120 bytes may still be provisioned");
  }
}
