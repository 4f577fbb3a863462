package io.ashlar.controller.store.embedded;

import io.ashlar.controller.store.LeaderElection;

/** The embedded store is one process's own: that one leads. */
public final class SoleLeader implements LeaderElection {
  @Override
  public Candidacy stand(Candidate candidate) {
    candidate.elected();
    return candidate::deposed;
  }
}
