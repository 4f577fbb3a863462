package io.ashlar.node.http;

import io.ashlar.block.BlockRequest;
import io.ashlar.model.Blocks;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import io.ashlar.runtime.VolumeCoordinator;
import io.ashlar.store.ReplicaStore;
import io.ashlar.store.StoreCounters;
import io.ashlar.store.StoreEngine.Space;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * What a node measures. I/O is counted on the data loop with plain meters of the volume; states of
 * the machines are copied into {@link VolumeGauges} by the loop every second, so that a scrape
 * never touches a machine.
 */
public final class NodeMetrics {
  private static final long EXTENT_BYTES = (long) Blocks.EXTENT_BLOCKS * Blocks.BLOCK_BYTES;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<String, DiskMeters> disks = new ConcurrentHashMap<>();
  private final Map<VolumeId, VolumeMeters> volumes = new ConcurrentHashMap<>();
  private final Map<VolumeId, ReplicaMeters> replicas = new ConcurrentHashMap<>();

  /** Meters of one volume's front-end requests. */
  public final class VolumeMeters {
    private final Map<BlockRequest.Kind, Timer> latency = new EnumMap<>(BlockRequest.Kind.class);
    private final Map<BlockRequest.Kind, Counter> bytes = new EnumMap<>(BlockRequest.Kind.class);
    private final Counter errors;
    private final AtomicLong inSync = new AtomicLong();
    private final AtomicLong resyncDone = new AtomicLong();
    private final AtomicLong resyncLeft = new AtomicLong();
    private final AtomicLong fences = new AtomicLong();
    private final AtomicLong removals = new AtomicLong();

    VolumeMeters(VolumeId volume) {
      Tags tags = Tags.of("volume", volume.value());
      for (BlockRequest.Kind kind : BlockRequest.Kind.values()) {
        Tags withKind = tags.and("kind", kind.name().toLowerCase(Locale.ROOT));
        latency.put(
            kind,
            Timer.builder("ashlar_volume_io")
                .tags(withKind)
                .description("Time from a front-end's request to its answer.")
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofNanos(20_000))
                .maximumExpectedValue(Duration.ofSeconds(30))
                .register(registry));
        bytes.put(kind, counter("ashlar_volume_bytes", "Bytes asked for.", withKind));
      }
      errors = counter("ashlar_volume_errors", "Requests answered with an error.", tags);
      gauge("ashlar_volume_in_sync_copies", "Copies in sync.", tags, inSync::get);
      gauge(
          "ashlar_volume_resync_done_bytes",
          "Moved by the resync under way.",
          tags,
          resyncDone::get);
      gauge(
          "ashlar_volume_resync_left_bytes",
          "Left for the resync under way.",
          tags,
          resyncLeft::get);
      gauge("ashlar_volume_fences", "Times a coordinator here was fenced.", tags, fences::get);
      gauge("ashlar_volume_member_removals", "Members removed from the set.", tags, removals::get);
    }

    /** Counts a request that was answered. */
    public void answered(BlockRequest request, BlockRequest.Status status, long nanos) {
      latency.get(request.kind()).record(nanos, TimeUnit.NANOSECONDS);
      bytes.get(request.kind()).increment((double) request.lengthBytes());
      if (status != BlockRequest.Status.OK) {
        errors.increment();
      }
    }

    public void fenced() {
      fences.incrementAndGet();
    }
  }

  private Counter counter(String name, String help, Tags tags) {
    return Counter.builder(name).tags(tags).description(help).register(registry);
  }

  private Gauge gauge(String name, String help, Tags tags, Supplier<Number> value) {
    return Gauge.builder(name, value).tags(tags).description(help).register(registry);
  }

  public VolumeMeters volume(VolumeId volume) {
    return volumes.computeIfAbsent(volume, VolumeMeters::new);
  }

  /** Copies what can be seen of a coordinator; called on the loop. */
  public void observe(VolumeId volume, VolumeCoordinator coordinator) {
    VolumeMeters meters = volume(volume);
    meters.inSync.set(
        coordinator
            .machine()
            .view()
            .map(VolumeView::membership)
            .map(it -> it.inSync().size())
            .orElse(0));
    meters.removals.set(coordinator.machine().counters().removals);
    meters.resyncDone.set(
        coordinator.machine().progress().map(it -> it.extentsDone() * EXTENT_BYTES).orElse(0L));
    meters.resyncLeft.set(
        coordinator.machine().progress().map(it -> it.extentsLeft() * EXTENT_BYTES).orElse(0L));
  }

  /**
   * Copies what can be seen of a disk; called on the loop.
   *
   * @param id of the disk, 16 hex digits
   */
  public void observe(String id, StoreCounters counters, Space space, boolean failed) {
    DiskMeters disk = disks.computeIfAbsent(id, DiskMeters::new);
    disk.bytes.set(space.totalBytes());
    disk.freeBytes.set(space.freeBytes());
    disk.failed.set(failed ? 1 : 0);
    disk.corruptBlocks.set(counters.corruptBlocks());
    disk.repairedBlocks.set(counters.repairedBlocks());
    disk.lostNodes.set(counters.lostNodes());
    disk.scrubbedBytes.set(counters.scrubbedBytes());
    disk.checkpoints.set(counters.checkpoints());
    disk.collectedBlocks.set(counters.collectedBlocks());
  }

  /** A disk that is not used any more is not told of any more. */
  public void forgetDisk(String id) {
    disks.remove(id);
    for (Meter meter : registry.getMeters()) {
      if (id.equals(meter.getId().getTag("disk"))) {
        registry.remove(meter);
      }
    }
  }

  /** A data disk: its room, and what its engine does besides what it is asked for. */
  private final class DiskMeters {
    private final Tags tags;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong freeBytes = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong corruptBlocks;
    private final AtomicLong repairedBlocks;
    private final AtomicLong lostNodes;
    private final AtomicLong scrubbedBytes;
    private final AtomicLong checkpoints;
    private final AtomicLong collectedBlocks;

    DiskMeters(String id) {
      tags = Tags.of("disk", id);
      gauge("ashlar_disk_bytes", "Size of the disk, for data.", tags, bytes::get);
      gauge("ashlar_disk_free_bytes", "Free on the disk.", tags, freeBytes::get);
      gauge("ashlar_disk_failed", "1 if the disk has failed since the start.", tags, failed::get);
      corruptBlocks = counted("corrupt_blocks", "Blocks found damaged, each time they were read.");
      repairedBlocks =
          counted("repaired_blocks", "Damaged blocks that another copy has made good.");
      lostNodes =
          counted("lost_map_nodes", "Damaged parts of maps; what they told of is repaired.");
      scrubbedBytes = counted("scrubbed_bytes", "Bytes of the log looked through for damage.");
      checkpoints = counted("checkpoints", "Checkpoints written.");
      collectedBlocks = counted("collected_blocks", "Blocks that collection has moved.");
    }

    private AtomicLong counted(String name, String help) {
      AtomicLong value = new AtomicLong();
      FunctionCounter.builder("ashlar_disk_" + name, value, AtomicLong::doubleValue)
          .tags(tags)
          .description(help)
          .register(registry);
      return value;
    }
  }

  /** Copies what can be seen of the replicas that there are; called on the loop. */
  public void observe(Collection<? extends ReplicaStore> there) {
    Set<VolumeId> known = new HashSet<>();
    for (ReplicaStore replica : there) {
      VolumeId volume = replica.meta().volume();
      known.add(volume);
      ReplicaMeters meters = replicas.computeIfAbsent(volume, ReplicaMeters::new);
      meters.mappedBytes.set(replica.mappedBlocks() * Blocks.BLOCK_BYTES);
      meters.storedBytes.set(replica.storedBytes());
    }
    for (VolumeId volume : List.copyOf(replicas.keySet())) {
      if (!known.contains(volume)) {
        replicas.remove(volume).meters.forEach(registry::remove);
      }
    }
  }

  /** A copy of a volume on this node. */
  private final class ReplicaMeters {
    private final AtomicLong mappedBytes = new AtomicLong();
    private final AtomicLong storedBytes = new AtomicLong();
    private final List<Meter> meters;

    ReplicaMeters(VolumeId volume) {
      Tags tags = Tags.of("volume", volume.value());
      meters =
          List.of(
              gauge(
                  "ashlar_replica_mapped_bytes",
                  "Data of the volume that the copy on this node holds.",
                  tags,
                  mappedBytes::get),
              gauge(
                  "ashlar_replica_stored_bytes",
                  "What that takes on the disks, compressed.",
                  tags,
                  storedBytes::get));
    }
  }

  /** A pool's space, asked for at every scrape. */
  public void pool(String name, Supplier<Number> totalBytes, Supplier<Number> freeBytes) {
    gauge("ashlar_pool_bytes", "Size of the pool.", Tags.of("pool", name), totalBytes);
    gauge("ashlar_pool_free_bytes", "Free in the pool.", Tags.of("pool", name), freeBytes);
  }

  /** Counts a CSI call. */
  public void csiCall(String method, String code, Duration duration) {
    Timer.builder("ashlar_csi_call")
        .tags("method", method, "code", code)
        .description("CSI calls.")
        .register(registry)
        .record(duration);
  }

  public String scrape() {
    return registry.scrape();
  }
}
