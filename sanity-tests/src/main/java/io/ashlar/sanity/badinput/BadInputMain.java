package io.ashlar.sanity.badinput;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * {@code BadInputMain CLUSTER_FOLDER NODES VOLUME SEED ROUNDS}, inside a machine of the cluster:
 * throws everything bad at every socket, in an order that the seed gives, and asks each of them all
 * the time whether it still serves others. Ends with 0 if all behaved.
 */
public final class BadInputMain {
  private static final int AT_ONCE = 6;

  /**
   * For an honest client's question, at its first attempt. The servers answer in milliseconds; the
   * attackers, who share the machine with them, take nearly all of its time.
   */
  private static final int PROBE_SECONDS = 10;

  private static final double SILENCE_SECONDS_MIN = 9;
  private static final long PROBE_PAUSE_MILLIS = 1_000;
  private static final long ATTACKS_MINUTES_MAX = 30;

  private final List<Victim> victims = new ArrayList<>();
  private final Queue<String> problems = new ConcurrentLinkedQueue<>();
  private final AtomicInteger attacked = new AtomicInteger();
  private final Map<String, Double> longestProbes = new ConcurrentHashMap<>();
  private final AtomicInteger probed = new AtomicInteger();

  private BadInputMain() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    BadInputMain main = new BadInputMain();
    main.find(Path.of(arguments[0]), Integer.parseInt(arguments[1]), arguments[2]);
    main.run(Long.parseLong(arguments[3]), Integer.parseInt(arguments[4]));
    main.problems.stream().distinct().limit(40).forEach(BadInputMain::say);
    say(
        main.attacked
            + " attacks, "
            + main.probed
            + " probes, "
            + main.problems.size()
            + " problems");
    say("longest probes, s: " + main.longestProbes());
    say("longest until closed: " + Deadlines.longest());
    System.exit(main.problems.isEmpty() ? 0 : 1);
  }

  private static void say(String text) {
    System.out.println(text);
  }

  private void find(Path folder, int nodes, String volume) throws IOException {
    Path controller = folder.resolve("controller");
    victims.add(
        new GrpcVictim(
            "controller csi",
            UnixDomainSocketAddress.of(controller.resolve("csi.sock")),
            WildCalls.ofCsiController()));
    victims.add(
        new GrpcVictim("controller control", port("10.77.0.100", 7431), WildCalls.ofControl()));
    victims.add(new HttpVictim("controller http", port("10.77.0.100", 7432)));
    for (int i = 1; i <= nodes; i++) {
      node(folder.resolve("node" + i), "node" + i, "10.77.0." + i, i == 1 ? volume : "", volume);
    }
  }

  private void node(Path folder, String name, String host, String export, String volume)
      throws IOException {
    long cluster =
        Long.parseUnsignedLong(Files.readString(folder.resolve("state/cluster")).strip(), 16);
    victims.add(
        new GrpcVictim(
            name + " csi",
            UnixDomainSocketAddress.of(folder.resolve("csi.sock")),
            WildCalls.ofCsiNode()));
    victims.add(
        new GrpcVictim(
            name + " disks",
            UnixDomainSocketAddress.of(folder.resolve("state/admin.sock")),
            WildCalls.ofDisks(folder.resolve("disk"))));
    victims.add(new GrpcVictim(name + " agent", port(host, 7433), WildCalls.ofAgent(volume)));
    victims.add(
        ReplicationVictim.of(name + " replication", port(host, 7434), port(host, 7433), cluster));
    victims.add(new HttpVictim(name + " http", port(host, 7435)));
    victims.add(
        new NbdVictim(
            name + " nbd", UnixDomainSocketAddress.of(folder.resolve("nbd.sock")), export));
    victims.add(new NbdVictim(name + " nbd tcp", port(host, 10809), export));
    victims.add(new HolderVictim(name + " holder", folder.resolve("holder.sock")));
  }

  private static InetSocketAddress port(String host, int port) {
    return new InetSocketAddress(host, port);
  }

  private void run(long seed, int rounds) throws InterruptedException {
    AtomicBoolean over = new AtomicBoolean();
    List<Thread> probes = new ArrayList<>();
    for (Victim victim : victims) {
      probes.add(Thread.ofPlatform().start(() -> probeUntil(over, victim)));
    }
    SplittableRandom random = new SplittableRandom(seed);
    List<Runnable> all = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      for (Victim victim : victims) {
        for (Attack attack : victim.attacks()) {
          SplittableRandom own = random.split();
          all.add(() -> attack(victim, attack, own));
        }
      }
    }
    Collections.shuffle(all, new Random(seed));
    try (ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE * victims.size() / 3)) {
      all.forEach(pool::execute);
      pool.shutdown();
      if (!pool.awaitTermination(ATTACKS_MINUTES_MAX, TimeUnit.MINUTES)) {
        problems.add("the attacks do not end");
        pool.shutdownNow();
      }
    }
    over.set(true);
    for (Thread probe : probes) {
      probe.join();
    }
    calm();
  }

  /** With nobody else about, silence is borne for as long as it is said to be, and no longer. */
  private void calm() {
    Map<Victim, Connection> open = new LinkedHashMap<>();
    long started = System.nanoTime();
    try {
      for (Victim victim : victims) {
        victim.silent().ifPresent(connection -> open.put(victim, connection));
      }
      for (Map.Entry<Victim, Connection> each : open.entrySet()) {
        double left = SILENCE_SECONDS_MIN - Deadlines.secondsSince(started);
        if (each.getValue().isClosedWithin(left)) {
          problems.add(each.getKey().name() + " bears no silence of " + SILENCE_SECONDS_MIN + " s");
        }
      }
      Deadlines.NEWCOMER.closes(List.copyOf(open.values()), SILENCE_SECONDS_MIN, "one by one");
      for (Connection connection : open.values()) {
        connection.close();
      }
    } catch (IOException | Attack.Unexpected e) {
      problems.add("silence: " + e.getMessage());
    }
  }

  private void attack(Victim victim, Attack attack, SplittableRandom random) {
    try {
      attack.body().run(random);
    } catch (Attack.Unexpected e) {
      problems.add(victim.name() + ": " + attack.name() + ": " + e.getMessage());
    } catch (IOException sentAway) {
      attacked.incrementAndGet();
      return; // a server may end a conversation like this at any time
    } catch (RuntimeException e) {
      problems.add(victim.name() + ": " + attack.name() + ": our own mistake: " + e);
    }
    attacked.incrementAndGet();
  }

  /** Asks what an honest client asks; nothing that others do is a reason to refuse it. */
  private void probe(Victim victim) {
    long started = System.nanoTime();
    try {
      victim.probe();
      probed.incrementAndGet();
    } catch (IOException e) {
      problems.add(victim.name() + " does not serve: " + e.getMessage());
    }
    double took = Deadlines.secondsSince(started);
    longestProbes.merge(victim.name(), took, Math::max);
    if (took > PROBE_SECONDS) {
      problems.add(victim.name() + " serves too late: after " + took + " s");
    }
  }

  private String longestProbes() {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(longestProbes)
        .forEach(
            (victim, seconds) ->
                text.append("%s%s %.2f".formatted(text.isEmpty() ? "" : ", ", victim, seconds)));
    return text.toString();
  }

  private void probeUntil(AtomicBoolean over, Victim victim) {
    try {
      while (!over.get()) {
        probe(victim);
        Thread.sleep(PROBE_PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
