package io.ashlar.controller;

import io.ashlar.controller.csi.ClaimLabels;
import io.ashlar.controller.store.ClusterStore;
import io.ashlar.controller.store.LeaderElection;
import java.util.Optional;

/** Where a controller keeps what it shares with others, and what it can ask there. */
interface Backend extends AutoCloseable {
  ClusterStore store();

  LeaderElection election();

  ClaimLabels claims();

  /** None where daemons talk in plain text. */
  Optional<Trust> trust();

  @Override
  void close();
}
