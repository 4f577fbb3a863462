package io.ashlar.node.rehearsal;

import io.ashlar.control.v1.VolumeView;
import io.ashlar.disk.FileDisk;
import io.ashlar.env.Clock;
import io.ashlar.env.Rng;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.VolumeId;
import io.ashlar.tls.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * One volume with one copy. Who writes to it goes by another name than the node with the copy, so
 * that they talk over TCP, and TLS if there is any.
 */
public final class Rehearsal {
  /** The first has nothing to read; after that the code is warm. */
  private static final int LIVES = 3;

  private static final long DISK_BYTES = 1L << 30;
  static final long VOLUME_BYTES = 256L << 20;
  static final VolumeId VOLUME = new VolumeId("rehearsal");
  static final NodeId WRITER = new NodeId("rehearsal");
  static final long REPLICA = 1;
  static final long INCARNATION = 2;
  static final long LINEAGE = 3;
  static final long GENERATION = 1;
  static final int EPOCH = 1;

  /**
   * @param node the one that the identity is of
   */
  public record Surroundings(
      NodeId node, Optional<Tls> tls, String bootId, Clock clock, Rng rng, long stateDirId) {}

  private Rehearsal() {}

  /**
   * Blocks until it is over; leaves nothing.
   *
   * @param folder for the scratch disk
   */
  public static void run(Path folder, Surroundings surroundings)
      throws IOException, InterruptedException {
    Path disk = folder.resolve("rehearsal");
    FileDisk.createFile(disk, DISK_BYTES);
    try (StandInController controller =
        new StandInController(surroundings.tls(), record(surroundings))) {
      for (int i = 0; i < LIVES; i++) {
        try (Life life = new Life(disk, controller, surroundings)) {
          life.live();
        }
      }
    } catch (ExecutionException | TimeoutException failed) {
      throw new IOException("the rehearsal failed", failed);
    } finally {
      Files.deleteIfExists(disk);
    }
  }

  private static VolumeView record(Surroundings surroundings) {
    VolumeView.Builder view =
        VolumeView.newBuilder()
            .setVolumeId(VOLUME.value())
            .setRevision(1)
            .setSizeBytes(VOLUME_BYTES)
            .setFailureMode("soft")
            .setCompression("none");
    view.getMembershipBuilder().setLineage(LINEAGE).setEpoch(EPOCH).setGeneration(GENERATION);
    view.getMembershipBuilder()
        .getAttachmentBuilder()
        .setNodeId(WRITER.value())
        .setBootId(surroundings.bootId());
    view.getMembershipBuilder()
        .addMembersBuilder()
        .setReplica(REPLICA)
        .setNodeId(surroundings.node().value())
        .setPool("default")
        .setIncarnation(INCARNATION)
        .setStateValue(ReplicaState.IN_SYNC.code());
    return view.build();
  }
}
