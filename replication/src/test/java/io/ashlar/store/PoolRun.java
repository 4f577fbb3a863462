package io.ashlar.store;

import static io.ashlar.store.PoolFixture.SHARD_BLOCKS;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.ReplicaMeta.Incomplete;
import io.ashlar.model.ReplicaMeta.Promise;
import io.ashlar.model.VolumeId;
import io.ashlar.sim.SimMedium;
import io.ashlar.sim.SimRng;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Random lives of a pool: writes, trims and syncs, ended by a kill or a power loss in the middle of
 * anything; disks break, stay away for a life or two, come back as they were, or blank. After each
 * start what the replica calls good must be: every flushed block, and of every other one something
 * that was written. What it lacks is made anew from a peer, as a join does it.
 */
final class PoolRun {
  /** What happened. */
  record Outcome(
      int lives,
      int breaks,
      int absences,
      int blanks,
      int rejoins,
      int added,
      int drained,
      int removed) {
    Outcome plus(Outcome other) {
      return new Outcome(
          lives + other.lives,
          breaks + other.breaks,
          absences + other.absences,
          blanks + other.blanks,
          rejoins + other.rejoins,
          added + other.added,
          drained + other.drained,
          removed + other.removed);
    }
  }

  private static final int HOT_BLOCKS = 12;
  private static final String VOLUME = "a";

  private final PoolFixture fixture;
  private final StoreFixture on;
  private final SimRng rng;
  private final List<SimMedium> away = new ArrayList<>();
  private final int shards;
  private final int blocks;

  /**
   * What a power loss may not undo, and what an answer has promised a killed process' successor.
   */
  private final long[] floor;

  private final long[] answered;
  private final List<TreeSet<Long>> maybe = new ArrayList<>();
  private final TreeSet<Long> trims = new TreeSet<>();
  private long version = 1;
  private long attempt;
  private int promiseTold = 3;
  private int promiseAsked = 3;
  private boolean trusted = true;
  private int breaks;
  private int absences;
  private int blanks;
  private int rejoins;
  private int added;
  private int drained;
  private int removed;

  private PoolRun(long seed) {
    this.rng = new SimRng(seed);
    this.fixture = new PoolFixture(seed, 2 + rng.nextInt(3), 60).open();
    fixture.on.sealing = seed % 4 == 3;
    this.on = fixture.on;
    this.shards = rng.oneIn(3) ? 1 : 2 + rng.nextInt(9);
    this.blocks = shards * SHARD_BLOCKS;
    this.floor = new long[blocks];
    this.answered = new long[blocks];
    for (int i = 0; i < blocks; i++) {
      maybe.add(new TreeSet<>());
    }
  }

  static Outcome run(long seed, int lives) {
    PoolRun run = new PoolRun(seed);
    run.fixture.create(VOLUME);
    for (int life = 0; life < lives; life++) {
      run.live();
      run.end();
    }
    return new Outcome(
        lives,
        run.breaks,
        run.absences,
        run.blanks,
        run.rejoins,
        run.added,
        run.drained,
        run.removed);
  }

  private ReplicaStore replica() {
    return fixture.replica(VOLUME);
  }

  // ---- a life

  private void live() {
    on.persist(replica(), replica().meta().running("boot")); // before it accepts a write
    for (int i = rng.nextInt(60); i > 0; i--) {
      operate();
      if (rng.oneIn(60) && fixture.pool.size() > 1) {
        breaks++;
        fixture.disks.get(rng.nextInt(fixture.disks.size())).breakDown();
      }
      if (rng.oneIn(40)) {
        changePool();
      }
      for (int steps = rng.nextInt(12); steps > 0; steps--) {
        on.step();
      }
    }
  }

  /** What an operator does to disks in use. */
  private void changePool() {
    int count = fixture.pool.size();
    if (rng.oneIn(3) && count < 5) {
      fixture.add(result -> added += result == ReplicaStore.Result.OK ? 1 : 0);
    } else if (count > 1) {
      long disk = fixture.pool.stores().get(rng.nextInt(count)).identity().diskId();
      boolean takenOut = rng.oneIn(2);
      fixture.pool.drain(
          disk,
          result -> {
            drained += result == ReplicaStore.Result.OK ? 1 : 0;
            if (result == ReplicaStore.Result.OK && takenOut) {
              assertThat(fixture.pool.shardsOn(disk)).isZero();
              fixture.pool.remove(disk, out -> removed += out == ReplicaStore.Result.OK ? 1 : 0);
            }
          });
    }
  }

  private void operate() {
    ReplicaStore replica = replica();
    switch (rng.nextInt(10)) {
      case 0 -> trim(replica);
      case 1 -> sync(replica);
      case 2 -> promise(replica);
      case 3 -> replica.noteProgress(floorOfAll(), 0);
      default -> write(replica);
    }
  }

  private long floorOfAll() {
    return version / 2;
  }

  private int hotBlock() {
    return rng.nextInt(shards) * SHARD_BLOCKS + rng.nextInt(HOT_BLOCKS);
  }

  private void write(ReplicaStore replica) {
    int first =
        shards > 1 && rng.oneIn(5) ? (1 + rng.nextInt(shards - 1)) * SHARD_BLOCKS - 2 : hotBlock();
    long[] versions = new long[1 + rng.nextInt(5)];
    if (!replica.reserve(versions.length)) {
      return;
    }
    for (int i = 0; i < versions.length; i++) {
      versions[i] = version++;
      maybe.get(first + i).add(versions[i]);
    }
    replica.applyIfNewer(
        on.data(replica, first, versions),
        true,
        result -> {
          for (int i = 0; result == ReplicaStore.Result.OK && i < versions.length; i++) {
            answered[first + i] = Math.max(answered[first + i], versions[i]);
          }
        });
  }

  private void trim(ReplicaStore replica) {
    int first = hotBlock();
    int count = Math.min(blocks - first, 1 + rng.nextInt(3 * SHARD_BLOCKS));
    long mine = version++;
    trims.add(mine);
    for (int block = first; block < first + count; block++) {
      maybe.get(block).add(mine);
    }
    replica.applyRangeIfNewer(
        first,
        count,
        mine,
        result -> {
          for (int i = first; result == ReplicaStore.Result.OK && i < first + count; i++) {
            answered[i] = Math.max(answered[i], mine);
          }
        });
  }

  private void sync(ReplicaStore replica) {
    long[] before = answered.clone();
    replica.sync(
        result -> {
          for (int i = 0; result == ReplicaStore.Result.OK && i < blocks; i++) {
            floor[i] = Math.max(floor[i], before[i]);
          }
        });
  }

  private void promise(ReplicaStore replica) {
    int epoch = ++promiseAsked;
    ReplicaMeta meta = replica.meta();
    replica.persistMeta(
        meta.withPromise(new Promise(epoch, meta.promise().view(), Optional.empty())),
        result -> promiseTold = result == ReplicaStore.Result.OK ? epoch : promiseTold);
  }

  // ---- its end, and the next one's beginning

  private void end() {
    boolean power = rng.oneIn(2);
    if (power) {
      fixture.losePower();
    } else {
      fixture.crash();
    }
    List<SimMedium> found = changeDisks();
    if (!opens(found)) {
      fixture.crash(); // only blank ones: nobody begins anew by mistake
      away.clear();
      opens(fixture.mediums);
    }
    if (fixture.pool.replica(new VolumeId(VOLUME)).isEmpty()) {
      fixture.crash(); // it finds no disk that has any of it
      away.clear();
      opens(fixture.mediums);
    }
    if (fixture.pool.replica(new VolumeId(VOLUME)).isEmpty()) {
      fixture.create(VOLUME);
      trusted = false;
      promiseTold = 0;
    }
    trusted &= !replica().meta().unclean() && promiseIsKnown();
    if (!trusted || !replica().isComplete() || replica().meta().incomplete().isPresent()) {
      checkWhatIsThere(power);
      if (rng.oneIn(3)) {
        return; // another life without what is missing
      }
      rejoin();
    } else {
      checkWhatIsThere(power);
    }
  }

  private boolean opens(List<SimMedium> found) {
    try {
      fixture.tryOpen(found);
      return true;
    } catch (StoreOpenException refused) {
      assertThat(refused).hasMessageContaining("only blank ones");
      fixture.known = found == fixture.mediums ? Optional.empty() : fixture.known;
      return found == fixture.mediums && opens(List.copyOf(found));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A replica that lacks nothing has every promise; else somebody asks for a new one first. */
  private boolean promiseIsKnown() {
    int epoch = replica().meta().promise().epoch();
    boolean known = epoch >= promiseTold && epoch <= promiseAsked;
    boolean good =
        replica().isComplete()
            && !replica().meta().unclean()
            && replica().meta().incomplete().isEmpty();
    assertThat(known || !good).as("a promise of %s is forgotten: %s", promiseTold, epoch).isTrue();
    promiseTold = Math.max(promiseTold, epoch);
    return known;
  }

  private List<SimMedium> changeDisks() {
    List<SimMedium> present = new ArrayList<>(fixture.mediums);
    present.removeAll(away);
    for (SimMedium medium : List.copyOf(away)) {
      if (rng.oneIn(2)) {
        away.remove(medium);
        present.add(medium);
      } else if (rng.oneIn(3)) {
        away.remove(medium);
        fixture.mediums.remove(medium);
        SimMedium blank = fixture.blank();
        fixture.mediums.add(blank);
        present.add(blank);
        blanks++;
      }
    }
    if (present.size() > 1 && rng.oneIn(4)) {
      SimMedium gone = present.remove(rng.nextInt(present.size()));
      away.add(gone);
      absences++;
    }
    return present;
  }

  private boolean isFresh(int block) {
    return replica().fresh().stream().anyMatch(range -> range[0] <= block && block < range[1]);
  }

  private void checkWhatIsThere(boolean power) {
    for (int block = 0; block < blocks; block++) {
      if (!trusted || isFresh(block) || (maybe.get(block).isEmpty() && floor[block] == 0)) {
        continue;
      }
      BlockRun found = readOne(block);
      if (found != null) {
        check(block, found, power);
      }
    }
  }

  /** Null if its disk is not there. */
  private BlockRun readOne(int block) {
    List<Optional<BlockRun>> got = new ArrayList<>();
    replica()
        .read(
            block,
            1,
            (result, run) -> {
              if (result == ReplicaStore.Result.OK) {
                StoreFixture.checkBytes(replica(), run);
                run.release();
                got.add(Optional.of(run));
              } else {
                assertThat(result).isEqualTo(ReplicaStore.Result.GONE);
                got.add(Optional.empty());
              }
            });
    while (got.isEmpty()) {
      assertThat(on.step()).as("the read never ended").isTrue();
    }
    return got.getFirst().orElse(null);
  }

  private void check(int block, BlockRun found, boolean power) {
    long its = found.versions()[0];
    long least = power ? floor[block] : Math.max(floor[block], answered[block]);
    boolean known = its == floor[block] || maybe.get(block).contains(its);
    assertThat(its >= least && known)
        .as("block %s has version %s, promised %s, written %s", block, its, least, maybe.get(block))
        .isTrue();
    boolean trim = trims.contains(its);
    assertThat(found.kinds()[0])
        .isEqualTo(its == 0 ? BlockKind.UNMAPPED : trim ? BlockKind.TOMBSTONE : BlockKind.DATA);
    settled(block, its);
  }

  private void settled(int block, long its) {
    floor[block] = its;
    answered[block] = its;
    maybe.get(block).clear();
  }

  // ---- a join

  /** As the protocol does it; the peer has everything that was ever answered. */
  private void rejoin() {
    rejoins++;
    ReplicaMeta meta = replica().meta();
    attempt++;
    on.persist(replica(), meta.withIncomplete(Optional.of(new Incomplete(attempt, 0))));
    assertThat(replica().isComplete()).isTrue();
    for (int block = 0; block < blocks; block++) {
      if (!trusted || isFresh(block) || !maybe.get(block).isEmpty()) {
        pull(block);
      }
      if (rng.oneIn(4000)) {
        return; // given up; what is incomplete stays so
      }
    }
    if (on.sync(replica()) != ReplicaStore.Result.OK) {
      return;
    }
    ReplicaMeta now = replica().meta();
    promiseAsked++;
    promiseTold = promiseAsked;
    on.persist(
        replica(),
        now.withIncomplete(Optional.empty())
            .withUnclean(false)
            .withPromise(new Promise(promiseAsked, now.promise().view(), Optional.empty())));
    for (int block = 0; block < blocks; block++) {
      if (!maybe.get(block).isEmpty() || floor[block] != answered[block]) {
        settled(block, answered[block]);
      }
    }
    trusted = true;
  }

  private void pull(int block) {
    long its = answered[block];
    BlockKind kind =
        its == 0 ? BlockKind.UNMAPPED : trims.contains(its) ? BlockKind.TOMBSTONE : BlockKind.DATA;
    BlockRun run = on.run(replica(), block, new BlockKind[] {kind}, new long[] {its});
    assertThat(on.replace(replica(), run, Long.MAX_VALUE)).isEqualTo(ReplicaStore.Result.OK);
  }
}
