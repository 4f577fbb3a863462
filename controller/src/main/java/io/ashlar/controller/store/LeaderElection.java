package io.ashlar.controller.store;

/**
 * Which of several controllers does the work that one should do. Two may believe to lead for a
 * while, when one was stopped and goes on: whatever a leader writes is guarded by the record's
 * revision all the same.
 */
public interface LeaderElection {
  /** Called by turns, elected first, one call at a time. */
  interface Candidate {
    void elected();

    void deposed();
  }

  /** Ends a candidacy; whoever led is deposed before this returns, and another one may lead. */
  interface Candidacy extends AutoCloseable {
    @Override
    void close();
  }

  Candidacy stand(Candidate candidate);
}
