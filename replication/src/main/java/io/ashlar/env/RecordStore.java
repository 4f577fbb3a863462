package io.ashlar.env;

import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Membership;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;

/**
 * The volume's record in the cluster's store, as a coordinator reaches it (through the controller).
 * Loop thread only; callbacks come on the loop thread, once each, never inside the call.
 */
public interface RecordStore {
  /** Fate of an operation. */
  interface Callback {
    /** The compare-and-set succeeded, or this is what the read found; linearizable. */
    void done(VolumeView view);

    /** The record had another revision, or the change was refused; this is the record as it is. */
    void refused(VolumeView view);

    /** No answer: a compare-and-set may have happened, or may happen later. */
    void unknown(String reason);
  }

  void read(VolumeId volume, Callback done);

  /** Changes the membership if the record still has this revision and the caller may do that. */
  void compareAndSet(
      VolumeId volume,
      CoordinatorRef caller,
      long expectedRevision,
      Membership next,
      Callback done);
}
