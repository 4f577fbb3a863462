package io.ashlar.controller.store.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.controller.state.RecordCodec;
import io.ashlar.controller.state.VolumeKeys;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.state.VolumeSpec;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.Entry;
import io.ashlar.controller.store.ClusterStore.StoreException;
import io.ashlar.controller.store.ClusterStoreContract;
import io.ashlar.model.Compression;
import io.ashlar.model.FailureMode;
import io.ashlar.model.Member;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract on a real API server, and what only one that is not in our process can do. */
@Tag("server")
public final class KubernetesStoreTest extends ClusterStoreContract {
  @TempDir static Path folder;
  private static ApiServer server;

  @BeforeAll
  static void startServer() throws Exception {
    server = new ApiServer(folder);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void forgetTheLastTest() {
    for (Collection collection : Collection.values()) {
      for (Entry entry : store.list(collection).entries()) {
        assertThat(store.delete(collection, entry.key(), entry.revision())).isTrue();
      }
    }
  }

  @Override
  protected ClusterStore open() {
    return new KubernetesStore(server.client(), Map.of());
  }

  private static String count(long number) {
    return "{\"count\":" + number + "}";
  }

  @Test
  void aWatchSurvivesARestartOfTheServer() throws Exception {
    Told told = new Told();
    long before = store.list(Collection.VOLUMES).revision();
    try (ClusterStore.Subscription watch = store.watch(Collection.VOLUMES, before, told)) {
      assertThat(watch).isNotNull();
      long first = store.create(Collection.VOLUMES, "a", count(1)).orElseThrow();
      assertThat(told.next().revision()).isEqualTo(first);
      server.kill();
      server.restart();

      long second = store.compareAndSet(Collection.VOLUMES, "a", first, count(2)).orElseThrow();
      assertThat(told.nextOrMissed(second)).isTrue();
    }
  }

  @Test
  void aWatchFromAVersionThatIsForgottenSaysSoAndGoesOn() throws Exception {
    long first = store.create(Collection.VOLUMES, "a", count(1)).orElseThrow();
    store.compareAndSet(Collection.VOLUMES, "a", first, count(2)).orElseThrow();
    server.compact();
    server.kill();
    server.restart();
    Told told = new Told();
    try (ClusterStore.Subscription watch = store.watch(Collection.VOLUMES, first, told)) {
      assertThat(watch).isNotNull();
      assertThat(told.isMissed(told.next())).isTrue();
      long later = store.create(Collection.VOLUMES, "b", count(3)).orElseThrow();
      assertThat(told.next().revision()).isEqualTo(later);
    }
  }

  @Test
  void aServerThatIsAwayIsSaidAndNothingHangs() throws Exception {
    long first = store.create(Collection.VOLUMES, "a", count(1)).orElseThrow();
    server.kill();
    long start = System.nanoTime();
    assertThatThrownBy(() -> store.get(Collection.VOLUMES, "a")).isInstanceOf(StoreException.class);
    assertThatThrownBy(() -> store.compareAndSet(Collection.VOLUMES, "a", first, count(2)))
        .isInstanceOf(StoreException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    server.restart();

    assertThat(store.compareAndSet(Collection.VOLUMES, "a", first, count(2))).isPresent();
  }

  /**
   * Counts up by compare-and-set while the server is killed again and again. What was answered with
   * a revision is there; what was answered with a conflict is not; only what failed may be either.
   */
  @Test
  void noSwapIsToldWronglyWhenTheServerIsKilledInTheMiddle() throws Exception {
    store.create(Collection.VOLUMES, "a", count(0));
    Thread killer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    for (int round = 0; round < 4; round++) {
                      Thread.sleep(700);
                      server.kill();
                      server.restart();
                    }
                  } catch (Exception broken) {
                    throw new IllegalStateException(broken);
                  }
                });
    long won = 0;
    long unknown = 0;
    while (killer.isAlive() || won == 0) {
      try {
        Entry now = store.get(Collection.VOLUMES, "a").orElseThrow();
        long next = number(now) + 1;
        OptionalLong swapped =
            store.compareAndSet(Collection.VOLUMES, "a", now.revision(), count(next));
        assertThat(swapped).as("nobody else writes").isPresent();
        won++;
      } catch (StoreException away) {
        unknown++;
      }
    }
    long found = number(store.get(Collection.VOLUMES, "a").orElseThrow());
    System.out.println("swaps won=" + won + " unknown=" + unknown + " found=" + found);
    assertThat(found).isBetween(won, won + unknown);
    assertThat(unknown).as("the server was away").isPositive();
  }

  private static long number(Entry entry) {
    return Long.parseLong(entry.value().replaceAll("[^0-9]", ""));
  }

  @Test
  void aVolumeTellsPeopleWhatItIs() {
    ClusterStore told = new KubernetesStore(server.client());
    VolumeSpec spec =
        new VolumeSpec(
            "pvc-1",
            3L << 30,
            1,
            FailureMode.SOFT,
            Compression.ZSTD,
            new TreeMap<>(),
            new TreeMap<>(),
            List.of());
    Member member = new Member(-5, new NodeId("node-1"), "default", 7, ReplicaState.EMPTY, 0, 0);
    VolumeRecord record =
        VolumeRecord.wanted(VolumeKeys.newId("pvc-1", 7), spec, -1, List.of(member)).created();
    RecordCodec<VolumeRecord> codec = new RecordCodec<>(VolumeRecord.class);
    String key = VolumeKeys.ofName("pvc-1");
    told.create(Collection.VOLUMES, key, codec.write(record));

    assertThat(codec.read(told.get(Collection.VOLUMES, key).orElseThrow().value()))
        .isEqualTo(record);
    GenericKubernetesResource resource =
        server
            .client()
            .genericKubernetesResources(Resources.of(Collection.VOLUMES))
            .withName(key)
            .get();
    assertThat(resource.<String>get("spec", "compression")).isEqualTo("ZSTD");
    assertThat(resource.<String>get("status", "size")).isEqualTo("3Gi");
    assertThat(resource.<String>get("status", "copies")).isEqualTo("1/2");
    assertThat(resource.<String>get("status", "state")).isEqualTo("Degraded");
    assertThat(resource.<String>get("status", "conditions", 0, "status")).isEqualTo("True");
  }
}
