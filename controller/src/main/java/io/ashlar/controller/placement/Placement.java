package io.ashlar.controller.placement;

import io.ashlar.controller.state.PoolState;
import io.ashlar.model.NodeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Chooses distinct nodes for copies. Immutable. */
public final class Placement {
  private static final String UNREACHABLE = "unreachable";

  private final SpacePolicy space;
  private final List<PlacementFilter> filters;

  /** A node and the pool on it. */
  public record Chosen(NodeId node, String pool) {}

  /** What was chosen, perhaps fewer than asked, and why each other node was not. */
  public record Plan(List<Chosen> chosen, SortedMap<NodeId, String> rejected) {
    /** How many might take a copy once they are heard of again. */
    public long unreachable() {
      return rejected.values().stream().filter(UNREACHABLE::equals).count();
    }

    /** For messages: {@code n1: unreachable; n2: ...}. */
    public String reasons() {
      return rejected.isEmpty()
          ? "no other node is registered"
          : rejected.entrySet().stream()
              .map(entry -> entry.getKey() + ": " + entry.getValue())
              .collect(Collectors.joining("; "));
    }
  }

  public Placement(SpacePolicy space) {
    this.space = space;
    this.filters =
        List.of(
            new PlacementFilter("reachable", Placement::unreachable),
            new PlacementFilter("one-copy-per-node", Placement::holdsCopy),
            new PlacementFilter("not-excluded", Placement::excluded),
            new PlacementFilter("storage", Placement::noPool),
            new PlacementFilter("free-space", this::noSpace),
            new PlacementFilter("over-provisioning", this::overProvisioned));
  }

  public SpacePolicy space() {
    return space;
  }

  public Plan plan(PlacementRequest request, List<Candidate> candidates) {
    SortedMap<NodeId, String> rejected = new TreeMap<>();
    List<Candidate> passed = new ArrayList<>();
    for (Candidate candidate : candidates) {
      rejection(request, candidate)
          .ifPresentOrElse(
              reason -> rejected.put(candidate.id(), reason), () -> passed.add(candidate));
    }
    return new Plan(choose(request, passed, candidates), rejected);
  }

  private Optional<String> rejection(PlacementRequest request, Candidate candidate) {
    return filters.stream()
        .map(filter -> filter.check().rejection(request, candidate))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Optional<String> unreachable(PlacementRequest request, Candidate candidate) {
    return reject(!candidate.node().reachable(), UNREACHABLE);
  }

  private static Optional<String> holdsCopy(PlacementRequest request, Candidate candidate) {
    return reject(request.holders().contains(candidate.id()), "holds a copy already");
  }

  private static Optional<String> excluded(PlacementRequest request, Candidate candidate) {
    return reject(request.excluded().contains(candidate.id()), "could not make a replica");
  }

  private static Optional<String> noPool(PlacementRequest request, Candidate candidate) {
    return reject(candidate.pool().isEmpty(), "has no working pool");
  }

  private Optional<String> noSpace(PlacementRequest request, Candidate candidate) {
    PoolState pool = candidate.pool().orElseThrow();
    return reject(
        pool.freeBytes() <= space.reservedBytes(pool),
        "pool %s has %d of %d bytes free, the reserve is %d",
        pool.name(),
        pool.freeBytes(),
        pool.totalBytes(),
        space.reservedBytes(pool));
  }

  private Optional<String> overProvisioned(PlacementRequest request, Candidate candidate) {
    long headroom = space.headroomBytes(candidate);
    return reject(
        request.sizeBytes() > headroom,
        "%d bytes may still be provisioned (limit %dx), wanted are %d",
        headroom,
        space.overProvisioning(),
        request.sizeBytes());
  }

  private static Optional<String> reject(boolean rejected, String reason, Object... arguments) {
    return rejected ? Optional.of(reason.formatted(arguments)) : Optional.empty();
  }

  /** One after the other, because each choice changes which failure domains are free. */
  private static List<Chosen> choose(
      PlacementRequest request, List<Candidate> passed, List<Candidate> all) {
    Map<String, Integer> copiesInZone = new HashMap<>();
    all.stream()
        .filter(candidate -> request.holders().contains(candidate.id()))
        .forEach(holder -> copiesInZone.merge(holder.zone(), 1, Integer::sum));
    List<Candidate> rest = new ArrayList<>(passed);
    List<Chosen> chosen = new ArrayList<>();
    while (chosen.size() < request.copies() && !rest.isEmpty()) {
      boolean first = chosen.isEmpty() && request.holders().isEmpty();
      Candidate best = rest.stream().min(order(request, copiesInZone, first)).orElseThrow();
      rest.remove(best);
      copiesInZone.merge(best.zone(), 1, Integer::sum);
      chosen.add(new Chosen(best.id(), best.pool().orElseThrow().name()));
    }
    return List.copyOf(chosen);
  }

  /** Best first: local to the consumer, another domain, fewer copies, more free space, name. */
  private static Comparator<Candidate> order(
      PlacementRequest request, Map<String, Integer> copiesInZone, boolean first) {
    Comparator<Candidate> local =
        Comparator.comparingInt(candidate -> first ? preference(request, candidate) : 0);
    return local
        .thenComparingInt(candidate -> copiesInZone.getOrDefault(candidate.zone(), 0))
        .thenComparingInt(Candidate::copies)
        .thenComparing(
            Comparator.comparingLong(
                    (Candidate candidate) -> candidate.pool().orElseThrow().freeBytes())
                .reversed())
        .thenComparing(Candidate::id);
  }

  private static int preference(PlacementRequest request, Candidate candidate) {
    for (int index = 0; index < request.preferred().size(); index++) {
      Map<String, String> segments = request.preferred().get(index);
      if (candidate.node().record().topology().entrySet().containsAll(segments.entrySet())) {
        return index;
      }
    }
    return request.preferred().size();
  }
}
