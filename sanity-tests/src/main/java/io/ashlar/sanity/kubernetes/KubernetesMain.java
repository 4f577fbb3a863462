package io.ashlar.sanity.kubernetes;

import static io.ashlar.sanity.cluster.Report.after;
import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code KubernetesMain TOP_FOLDER CLUSTER_FOLDER short|full [WORD...]}: tells the stories, or
 * those with one of the words in their names, on a running test cluster with our image in its
 * nodes. Ends with "N passed, N failed".
 */
public final class KubernetesMain {
  private KubernetesMain() {}

  public static void main(String[] args) throws InterruptedException {
    if (args.length < 3 || !List.of("short", "full").contains(args[2])) {
      System.err.println("usage: KubernetesMain TOP_FOLDER CLUSTER_FOLDER short|full [WORD...]");
      System.exit(2);
    }
    Kube kube = new Kube(Path.of(args[0]), Path.of(args[1]));
    boolean full = args[2].equals("full");
    List<String> words = List.of(args).subList(3, args.length);
    int failed = run(stories(kube, full, words));
    System.exit(failed == 0 ? 0 : 1);
  }

  private static List<Scenario> stories(Kube kube, boolean full, List<String> words) {
    Installation installation = new Installation(kube);
    List<Scenario> all = new ArrayList<>();
    all.add(new Scenario("helm install", false, installation::install));
    all.addAll(new VolumeStories(kube).all());
    all.addAll(new FailureStories(kube, full).all());
    all.addAll(new PostgresStories(kube).all());
    all.add(new Scenario("helm uninstall", false, installation::uninstall));
    return all.stream()
        .filter(story -> full || !story.full())
        .filter(story -> words.isEmpty() || words.stream().anyMatch(story.name()::contains))
        .toList();
  }

  private static int run(List<Scenario> stories) throws InterruptedException {
    int passed = 0;
    int failed = 0;
    for (Scenario scenario : stories) {
      long start = System.nanoTime();
      say("-- " + scenario.name());
      try {
        scenario.story().tell();
        passed++;
        say("PASS " + scenario.name() + after(start));
      } catch (IOException | RuntimeException wrong) {
        failed++;
        say("FAIL " + scenario.name() + after(start) + ": " + wrong);
      }
    }
    say(passed + " passed, " + failed + " failed");
    return failed;
  }
}
