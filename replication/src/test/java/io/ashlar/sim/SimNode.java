package io.ashlar.sim;

import io.ashlar.env.Disk;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import io.ashlar.runtime.NodePorts;
import io.ashlar.runtime.ReplicaHost;
import io.ashlar.runtime.VolumeCoordinator;
import io.ashlar.store.StoreEngine;
import io.ashlar.store.StoreProbe;
import io.ashlar.store.pool.DiskPool;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A simulated node: the production classes of one process on the simulated ports, and the ways it
 * can fail. Everything that happens to the process goes through {@link #run}, which drops it if the
 * process is another one by then, and keeps it back while the process is paused.
 */
public final class SimNode {
  /** Nothing takes no time: a loop that never ends would else stop the clock. */
  private static final long LOOP_TURN_NANOS = 3_000;

  private final SimCluster cluster;
  private final NodeId id;
  private final SimRng rng;
  private final SimDisks disks;
  private final SimRoster roster = new SimRoster();
  private final long stateDirId;

  private long life;
  private int boots;
  private boolean up;
  private boolean paused;
  private final Deque<Runnable> keptBack = new ArrayDeque<>();
  private boolean cutFromStore;

  private DiskPool engine;
  private ReplicaHost replicas;
  private Optional<VolumeCoordinator> coordinator = Optional.empty();
  private Optional<SimClient> client = Optional.empty();

  /** Requests that the kernel sends to the next process, if that serves the same attachment. */
  private List<SimClient.Request> unanswered = List.of();

  private long unansweredGeneration;

  SimNode(SimCluster cluster, NodeId id, SimRng rng, SimDisks disks) {
    this.cluster = cluster;
    this.id = id;
    this.rng = rng;
    this.disks = disks;
    this.stateDirId = rng.nextLong();
  }

  NodeId id() {
    return id;
  }

  boolean up() {
    return up;
  }

  boolean paused() {
    return paused;
  }

  /** Number of the present process; a dead node has the number of its last one plus one. */
  long life() {
    return life;
  }

  String bootId() {
    return id + "-boot" + boots;
  }

  ReplicaHost replicas() {
    return replicas;
  }

  StoreEngine engine() {
    return engine;
  }

  Optional<VolumeCoordinator> coordinator() {
    return coordinator;
  }

  boolean cutFromStore() {
    return cutFromStore;
  }

  void cutFromStore(boolean cut) {
    cutFromStore = cut;
  }

  // ---- the process

  /** Runs something of process {@code ofLife} if it is still there, as soon as it is not paused. */
  void run(long ofLife, Runnable task) {
    if (life != ofLife || !up) {
      return;
    }
    if (paused) {
      keptBack.add(() -> run(ofLife, task));
    } else {
      task.run();
    }
  }

  void start() {
    up = true;
    paused = false;
    long thisLife = life;
    List<SimDisk> handles = disks.open(rng.fork("disk" + thisLife));
    NodePorts ports = ports(thisLife);
    engine =
        cluster.openEngine(
            handles.stream().map(disk -> new ProcessDisk(disk, thisLife)).toList(),
            ports.timers(),
            roster.of(this, thisLife, cluster.events(), rng.fork("roster" + thisLife)));
    replicas = new ReplicaHost(ports, engine);
    replicas.start();
    cluster.nodeStarted(this);
  }

  private NodePorts ports(long thisLife) {
    return new NodePorts(
        SimCluster.CLUSTER_ID,
        id,
        bootId(),
        stateDirId,
        cluster.events()::now,
        (delay, task) ->
            cluster.events().after(Math.max(delay, LOOP_TURN_NANOS), () -> run(thisLife, task)),
        rng.fork("process" + thisLife),
        (to, handler) -> cluster.network().connect(this, to, handler),
        cluster.records().portOf(this, thisLife),
        cluster.pool(),
        cluster.timing(),
        (volume, event) -> cluster.logged(this, volume, event));
  }

  /** The process ends without a word; the host lives on. */
  void kill() {
    if (up) {
      disks.crash();
      client.ifPresent(
          it -> {
            unanswered = it.unanswered();
            unansweredGeneration = cluster.records().view().membership().generation();
          });
      end();
    }
  }

  private void end() {
    up = false;
    life++;
    keptBack.clear();
    client.ifPresent(SimClient::deviceGone);
    client = Optional.empty();
    coordinator = Optional.empty();
    cluster.network().nodeDied(this);
  }

  /** The host loses power: the process ends, and what was not synced may be gone. */
  void powerLoss() {
    disks.losePower();
    end();
    unanswered = List.of();
    boots++;
  }

  SimDisks disks() {
    return disks;
  }

  SimRoster roster() {
    return roster;
  }

  /** The disk, of those that are there, that has this block of the volume. */
  SimDisk diskOf(long block) {
    long id = StoreProbe.diskId(engine.replica(SimCluster.VOLUME).orElseThrow(), block);
    for (int i = 0; i < engine.stores().size(); i++) {
      if (engine.stores().get(i).identity().diskId() == id) {
        return disks.open().get(i);
      }
    }
    throw new SimFailure("block " + block + " is on no disk of " + this.id);
  }

  /** Everything on the disks takes so many times as long; for this process. */
  void slowDisk(int factor) {
    disks.slow(factor);
  }

  void pause() {
    paused = true;
  }

  void resume() {
    paused = false;
    Deque<Runnable> tasks = new ArrayDeque<>(keptBack);
    keptBack.clear();
    tasks.forEach(Runnable::run);
  }

  // ---- coordinators

  /** Opens a coordinator, for an attachment or (without generation) to repair. */
  void openCoordinator(VolumeId volume, OptionalLong generation) {
    if (!up || coordinator.isPresent()) {
      return;
    }
    long thisLife = life;
    VolumeCoordinator[] opened = new VolumeCoordinator[1];
    opened[0] =
        new VolumeCoordinator(
            ports(thisLife),
            replicas,
            volume,
            generation,
            new VolumeCoordinator.Listener() {
              @Override
              public void serving(io.ashlar.model.VolumeView view) {
                cluster.serving(SimNode.this, opened[0]);
                if (generation.isPresent()) {
                  boolean same = generation.getAsLong() == unansweredGeneration;
                  List<SimClient.Request> again = same ? unanswered : List.of();
                  unanswered = List.of();
                  client = Optional.of(cluster.startClient(SimNode.this, opened[0], again));
                }
              }

              @Override
              public void closed(String reason) {
                cluster.collectCounters(opened[0]);
                coordinator = Optional.empty();
                client.ifPresent(SimClient::deviceGone);
                client = Optional.empty();
              }
            });
    coordinator = Optional.of(opened[0]);
    opened[0].open();
  }

  Optional<SimClient> client() {
    return client;
  }

  /** The disk as one process sees it: completions reach only the process that asked. */
  private final class ProcessDisk implements Disk {
    private final Disk disk;
    private final long thisLife;

    ProcessDisk(Disk disk, long thisLife) {
      this.disk = disk;
      this.thisLife = thisLife;
    }

    private Callback guarded(Callback done) {
      return errno -> run(thisLife, () -> done.done(errno));
    }

    @Override
    public long sizeBytes() {
      return disk.sizeBytes();
    }

    @Override
    public int alignment() {
      return disk.alignment();
    }

    @Override
    public void read(long offsetBytes, ByteBuffer into, Callback done) {
      disk.read(offsetBytes, into, guarded(done));
    }

    @Override
    public void write(long offsetBytes, ByteBuffer from, Callback done) {
      disk.write(offsetBytes, from, guarded(done));
    }

    @Override
    public void sync(Callback done) {
      disk.sync(guarded(done));
    }

    @Override
    public void readNow(long offsetBytes, ByteBuffer into) throws java.io.IOException {
      disk.readNow(offsetBytes, into);
    }

    @Override
    public void writeNow(long offsetBytes, ByteBuffer from) throws java.io.IOException {
      disk.writeNow(offsetBytes, from);
    }

    @Override
    public void syncNow() throws java.io.IOException {
      disk.syncNow();
    }

    @Override
    public void discard(long offsetBytes, long lengthBytes) {
      disk.discard(offsetBytes, lengthBytes);
    }

    @Override
    public void close() {
      disk.close();
    }
  }
}
