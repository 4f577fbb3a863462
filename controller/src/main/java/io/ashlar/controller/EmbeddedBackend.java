package io.ashlar.controller;

import io.ashlar.controller.csi.ClaimLabels;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.LeaderElection;
import io.ashlar.controller.store.embedded.EmbeddedStore;
import io.ashlar.controller.store.embedded.SoleLeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** One controller on one machine: a file. */
final class EmbeddedBackend implements Backend {
  private final EmbeddedStore store;

  EmbeddedBackend(Path stateDir) throws IOException {
    Files.createDirectories(stateDir);
    this.store = new EmbeddedStore(stateDir.resolve("cluster.db"));
  }

  @Override
  public ClusterStore store() {
    return store;
  }

  @Override
  public LeaderElection election() {
    return new SoleLeader();
  }

  @Override
  public ClaimLabels claims() {
    return ClaimLabels.NONE;
  }

  @Override
  public Optional<Trust> trust() {
    return Optional.empty();
  }

  @Override
  public void close() {
    store.close();
  }
}
