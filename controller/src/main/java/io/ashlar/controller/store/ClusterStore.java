package io.ashlar.controller.store;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where the cluster's records are. What must change together is one record: there are no
 * transactions over several. Reads are linearizable; a change is durable before its answer. All
 * methods may block and are safe to call from any thread, and all of them throw {@link
 * StoreException} when the store cannot answer: a change may then have happened or not.
 */
public interface ClusterStore extends AutoCloseable {
  /** Kinds of records, each a name space of its own. */
  enum Collection {
    VOLUMES,
    NODES,
    GRAVES,
    CLUSTER
  }

  /** A record as it was at {@code revision}; revisions grow over the whole store. */
  record Entry(String key, String value, long revision) {}

  /** A collection in the order of its keys, as it was at {@code revision}. */
  record Listing(List<Entry> entries, long revision) {}

  /** What a watch tells: the new entry, or none if the record was deleted. */
  record Change(String key, Optional<Entry> entry, long revision) {}

  /** Called in order, one change at a time; may call the store. */
  @FunctionalInterface
  interface Watcher {
    void changed(Change change);
  }

  /** Ends a watch; changes on their way may still be told. */
  interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  Optional<Entry> get(Collection collection, String key);

  Listing list(Collection collection);

  /** The new record's revision; empty if there is one with that key. */
  OptionalLong create(Collection collection, String key, String value);

  /** The new revision; empty if the record is gone or has another revision than expected. */
  OptionalLong compareAndSet(
      Collection collection, String key, long expectedRevision, String value);

  /** False if the record is gone or has another revision than expected. */
  boolean delete(Collection collection, String key, long expectedRevision);

  /**
   * Tells every change after {@code fromRevision}.
   *
   * @throws WatchExpiredException if changes since then are no longer known: list again
   */
  Subscription watch(Collection collection, long fromRevision, Watcher watcher);

  @Override
  void close();

  /** The store cannot answer now. */
  final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StoreException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** A watch from a revision whose successors are forgotten. */
  final class WatchExpiredException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public WatchExpiredException(long revision) {
      super("changes since revision " + revision + " are no longer known");
    }
  }
}
