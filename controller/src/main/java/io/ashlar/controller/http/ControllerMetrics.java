package io.ashlar.controller.http;

import io.ashlar.controller.failover.FenceObserver;
import io.ashlar.controller.nodes.NodeDirectory;
import io.ashlar.controller.nodes.NodeStatus;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.csi.server.CallObserver;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;

/** What the controller counts. Safe to call from any thread. */
public final class ControllerMetrics implements CallObserver, FenceObserver {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timer fences =
      Timer.builder("ashlar.fence")
          .description("Fences that hold, and how long they took")
          .register(registry);
  private final MultiGauge inSync =
      MultiGauge.builder("ashlar.volume.copies.in.sync")
          .description("In-sync copies of a volume, as recorded")
          .register(registry);
  private final MultiGauge wanted =
      MultiGauge.builder("ashlar.volume.copies.wanted")
          .description("Copies that a volume should have")
          .register(registry);
  private final MultiGauge size =
      MultiGauge.builder("ashlar.volume.size.bytes")
          .description("Size of a volume")
          .register(registry);

  public ControllerMetrics(NodeDirectory nodes) {
    Gauge.builder("ashlar.nodes", nodes, directory -> directory.all().size())
        .description("Registered nodes")
        .register(registry);
    Gauge.builder("ashlar.nodes.reachable", nodes, ControllerMetrics::reachable)
        .description("Nodes that were heard of lately")
        .register(registry);
  }

  private static long reachable(NodeDirectory nodes) {
    return nodes.all().stream().filter(NodeStatus::reachable).count();
  }

  @Override
  public void finished(String method, String code, Duration took) {
    Timer.builder("ashlar.csi.call")
        .description("CSI calls by method and code")
        .tags("method", method, "code", code)
        .publishPercentileHistogram()
        .register(registry)
        .record(took);
  }

  @Override
  public void fenced(Duration took) {
    fences.record(took);
  }

  /** The volumes as they are now; those that are gone lose their series. */
  public void showVolumes(List<VolumeRecord> volumes) {
    inSync.register(rows(volumes, record -> record.membership().inSync().size()), true);
    wanted.register(rows(volumes, record -> record.spec().copies()), true);
    size.register(rows(volumes, record -> record.spec().sizeBytes()), true);
  }

  /** One figure of a volume. */
  @FunctionalInterface
  private interface Figure {
    long of(VolumeRecord record);
  }

  private static List<Row<?>> rows(List<VolumeRecord> volumes, Figure figure) {
    return volumes.stream()
        .<Row<?>>map(record -> Row.of(Tags.of("volume", record.id().value()), figure.of(record)))
        .toList();
  }

  /** In Prometheus' text format. */
  public String scrape() {
    return registry.scrape();
  }
}
