package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.VolumeId;
import io.ashlar.sim.SimRng;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Random operations on a few replicas of a small disk, which collection has to go around many
 * times, with kills of the process and power losses in between; everything is compared with {@link
 * ShadowModel}.
 */
final class ShadowRun {
  private static final int BLOCKS = 150;
  private static final int SEGMENTS = 48;

  private final SimRng rng;
  private final StoreFixture fixture;
  private final TreeMap<String, ShadowModel> models = new TreeMap<>();
  private final TreeMap<String, ReplicaMeta> metas = new TreeMap<>();
  private int names;
  private long clock = 100;
  private int outstanding;
  private int process;

  ShadowRun(long seed) {
    rng = new SimRng(seed).fork("workload");
    fixture = new StoreFixture(seed, SEGMENTS).format().open();
    fixture.sealing = seed % 4 != 0;
    create();
    create();
  }

  /**
   * One run from beginning to end.
   *
   * @return operations
   */
  static int run(long seed, int rounds, int operations) {
    ShadowRun run = new ShadowRun(seed);
    for (int round = 0; round < rounds; round++) {
      run.operate(operations);
      run.endProcess();
    }
    run.checkAll();
    return rounds * operations;
  }

  private void operate(int operations) {
    for (int i = 0; i < operations; i++) {
      oneOperation();
      if (rng.oneIn(3)) {
        for (int steps = rng.nextInt(6); steps > 0; steps--) {
          fixture.events.step();
        }
      }
    }
  }

  private void oneOperation() {
    String name = models.keySet().stream().toList().get(rng.nextInt(models.size()));
    ReplicaStore replica = fixture.replica(name);
    ShadowModel model = models.get(name);
    switch (rng.nextInt(24)) {
      case 0, 1 -> trim(replica, model);
      case 2, 3 -> replace(replica, model);
      case 4, 5 -> read(replica, model);
      case 6, 7 -> sync(replica, model);
      case 8 -> persist(name, replica);
      case 9 -> raise(replica, model);
      case 10 -> dropTombstones(replica, model);
      case 11 -> {
        if (rng.oneIn(6)) {
          deleteAndCreate(name);
        }
      }
      default -> write(replica, model);
    }
  }

  private ReplicaStore.Callback applies(ShadowModel.Change change) {
    int mine = process;
    outstanding++;
    return result -> {
      assertThat(mine).as("a callback of a dead process").isEqualTo(process);
      assertThat(result).isEqualTo(ReplicaStore.Result.OK);
      outstanding--;
      change.applied();
    };
  }

  private void write(ReplicaStore replica, ShadowModel model) {
    int count = 1 + rng.nextInt(rng.oneIn(4) ? 20 : 3);
    int first = rng.nextInt(BLOCKS - count);
    if (!replica.reserve(count)) {
      return;
    }
    BlockRun run = randomRun(replica, first, count, rng.oneIn(5));
    int data =
        (int) java.util.Arrays.stream(run.kinds()).filter(kind -> kind == BlockKind.DATA).count();
    replica.unreserve(count - data);
    ShadowModel.Change change = model.applyIfNewer(run);
    replica.applyIfNewer(run, true, applies(change));
  }

  private BlockRun randomRun(ReplicaStore replica, int first, int count, boolean mixed) {
    BlockKind[] kinds = new BlockKind[count];
    long[] versions = new long[count];
    clock += count;
    long base = rng.oneIn(4) ? Math.max(1, clock - rng.nextInt(300)) : clock;
    for (int i = 0; i < count; i++) {
      kinds[i] = mixed && rng.oneIn(3) ? BlockKind.TOMBSTONE : BlockKind.DATA;
      versions[i] = base + i;
    }
    clock += count;
    return fixture.run(replica, first, kinds, versions);
  }

  private void trim(ReplicaStore replica, ShadowModel model) {
    int count = 1 + rng.nextInt(BLOCKS / 2);
    int first = rng.nextInt(BLOCKS - count);
    clock++;
    long version = rng.oneIn(4) ? Math.max(1, clock - rng.nextInt(100)) : clock;
    ShadowModel.Change change = model.applyRangeIfNewer(first, count, version);
    replica.applyRangeIfNewer(first, count, version, applies(change));
  }

  private void replace(ReplicaStore replica, ShadowModel model) {
    int count = 1 + rng.nextInt(10);
    int first = rng.nextInt(BLOCKS - count);
    BlockKind[] kinds = new BlockKind[count];
    long[] versions = new long[count];
    for (int i = 0; i < count; i++) {
      kinds[i] = BlockKind.ofCode(rng.nextInt(3));
      versions[i] = kinds[i] == BlockKind.UNMAPPED ? 0 : 1 + rng.nextInt((int) clock);
    }
    long keepFrom = clock - rng.nextInt(100);
    BlockRun run = fixture.run(replica, first, kinds, versions);
    if (fixture.store.space().freeBytes() < (long) count << 12) {
      run.release();
      return;
    }
    ShadowModel.Change change = model.replace(run, keepFrom);
    replica.replace(run, keepFrom, applies(change));
  }

  private void read(ReplicaStore replica, ShadowModel model) {
    int count = 1 + rng.nextInt(30);
    int first = rng.nextInt(BLOCKS - count);
    ShadowModel.Mark mark = model.mark();
    int mine = process;
    replica.read(
        first,
        count,
        (result, run) -> {
          assertThat(mine).isEqualTo(process);
          assertThat(result).isEqualTo(ReplicaStore.Result.OK);
          StoreFixture.checkBytes(replica, run);
          model.checkRead(run, mark);
          run.release();
        });
  }

  private void sync(ReplicaStore replica, ShadowModel model) {
    List<ShadowModel.Mark> marks = new ArrayList<>();
    List<ShadowModel> all = List.copyOf(models.values());
    all.forEach(each -> marks.add(each.mark()));
    replica.sync(
        result -> {
          assertThat(result).isEqualTo(ReplicaStore.Result.OK);
          for (int i = 0; i < all.size(); i++) {
            all.get(i).durable(marks.get(i));
          }
        });
    assertThat(all).contains(model);
  }

  private void persist(String name, ReplicaStore replica) {
    fixture.settle();
    ReplicaMeta next = replica.meta().running("boot " + rng.nextInt(9));
    assertThat(fixture.persist(replica, next)).isEqualTo(ReplicaStore.Result.OK);
    metas.put(name, next);
    replica.noteProgress(0, 0);
  }

  private void raise(ReplicaStore replica, ShadowModel model) {
    long extent = rng.nextInt(BLOCKS / 64 + 3);
    clock++;
    ShadowModel.Change change = model.raise(extent, clock);
    replica.raiseExtents(new long[] {extent}, new long[] {clock}, applies(change));
  }

  private void dropTombstones(ReplicaStore replica, ShadowModel model) {
    fixture.settle();
    long upTo = clock - rng.nextInt(50);
    replica.dropTombstones(upTo);
    model.dropTombstones(upTo);
  }

  private void deleteAndCreate(String name) {
    fixture.settle();
    assertThat(fixture.delete(name)).isEqualTo(ReplicaStore.Result.OK);
    models.remove(name);
    metas.remove(name);
    create();
  }

  private void create() {
    String name = "v" + names++;
    ReplicaStore replica = fixture.create(name);
    models.put(name, new ShadowModel(BLOCKS));
    metas.put(name, replica.meta());
  }

  private void endProcess() {
    switch (rng.nextInt(3)) {
      case 0 -> reopenCleanly();
      case 1 -> {
        fixture.crash();
        recover(false);
      }
      default -> {
        fixture.losePower();
        recover(true);
      }
    }
  }

  private void reopenCleanly() {
    fixture.settle();
    assertThat(outstanding).isZero();
    process++;
    fixture.reopen();
    models.forEach((name, model) -> takeOver(name, model, false));
  }

  private void recover(boolean powerLoss) {
    process++;
    outstanding = 0;
    fixture.open();
    models.forEach((name, model) -> takeOver(name, model, powerLoss));
  }

  private void takeOver(String name, ShadowModel model, boolean powerLoss) {
    ReplicaStore replica = fixture.store.replica(new VolumeId(name)).orElseThrow();
    assertThat(replica.meta()).isEqualTo(metas.get(name));
    model.recovered(fixture.read(replica, 0, BLOCKS), powerLoss);
    model.recoveredLetGo(replica);
    model.recoveredExtents(replica, powerLoss);
  }

  private void checkAll() {
    fixture.settle();
    long mapped = 0;
    for (String name : models.keySet()) {
      ReplicaStore replica = fixture.replica(name);
      models.get(name).checkExact(fixture.read(replica, 0, BLOCKS));
      models.get(name).checkExtents(replica);
      mapped += replica.mappedBlocks();
    }
    assertThat(fixture.store.replicas()).hasSize(models.size());
    assertThat(fixture.store.segments().liveTotal())
        .as("live units")
        .isEqualTo(StoreProbe.liveUnits(fixture.store));
    assertThat(fixture.store.space().liveBytes()).isEqualTo(mapped << 12);
  }
}
