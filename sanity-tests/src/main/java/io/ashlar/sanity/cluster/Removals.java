package io.ashlar.sanity.cluster;

import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which coordinators left a member out of the in-sync set, as the daemons log it when they ask for
 * it: also where the record was never changed, because who asked had lost it by then. A member that
 * was dropped for no reason, and joined again, is seen nowhere else once all copies are in sync.
 */
public final class Removals {
  /** A coordinator on {@code by} wants to go on without the copy on {@code of}. */
  public record Removal(String by, String of) implements Comparable<Removal> {
    @Override
    public int compareTo(Removal other) {
      return toString().compareTo(other.toString());
    }

    @Override
    public String toString() {
      return of + " by " + by;
    }
  }

  private static final Pattern REMOVED = Pattern.compile(" event=member_removed .*node=(\\S+)");

  private final DevCluster cluster;
  private final List<String> nodes;
  private final Map<String, Integer> linesSeen = new HashMap<>();

  public Removals(DevCluster cluster, List<String> nodes) {
    this.cluster = cluster;
    this.nodes = nodes;
  }

  /**
   * Looks at what was logged since the last look, and says it.
   *
   * @param reason what the step did to the members
   * @param required removals that the step cannot do without
   * @param possible removals that it explains as well
   * @throws IOException if there was another one, or one that was required was not there
   */
  public void during(String reason, Set<Removal> required, Set<Removal> possible)
      throws IOException {
    Set<Removal> seen = takeNew();
    Set<Removal> unexplained = new TreeSet<>(seen);
    unexplained.removeAll(required);
    unexplained.removeAll(possible);
    if (!unexplained.isEmpty()) {
      throw new IOException("members were removed for no reason: " + unexplained);
    }
    if (!seen.containsAll(required)) {
      throw new IOException("members should have been removed: " + required + ", seen " + seen);
    }
    if (!seen.isEmpty()) {
      say("   members removed, since " + reason + ": " + String.join(", ", texts(seen)));
    }
  }

  /** After a step that takes nobody away. */
  public void none() throws IOException {
    during("nothing happened", Set.of(), Set.of());
  }

  private static List<String> texts(Set<Removal> removals) {
    return removals.stream().map(Removal::toString).toList();
  }

  private Set<Removal> takeNew() throws IOException {
    Set<Removal> found = new TreeSet<>();
    for (String node : nodes) {
      List<String> lines = Files.readAllLines(cluster.folder(node).resolve("log"));
      for (String line : lines.subList(linesSeen.getOrDefault(node, 0), lines.size())) {
        Matcher matcher = REMOVED.matcher(line);
        if (matcher.find()) {
          found.add(new Removal(node, matcher.group(1)));
        }
      }
      linesSeen.put(node, lines.size());
    }
    return found;
  }
}
