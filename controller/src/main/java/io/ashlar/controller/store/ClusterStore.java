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
    CLUSTER,
    CONTROLLERS
  }

  /**
   * A record as it was at {@code revision}; revisions grow over the whole store.
   *
   * @param key of a-z, 0-9, '-' and '.', beginning and ending with a letter or digit, 253 at most
   * @param value a JSON object; a store may give its fields back in another order
   */
  record Entry(String key, String value, long revision) {}

  /** A collection in the order of its keys, as it was at {@code revision}. */
  record Listing(List<Entry> entries, long revision) {}

  /** What a watch tells: the new entry, or none if the record was deleted. */
  record Change(String key, Optional<Entry> entry, long revision) {}

  /** Called in order, one call at a time; may call the store. */
  interface Watcher {
    void changed(Change change);

    /** Changes may have gone by untold: whoever relies on them looks at everything again. */
    void missed();
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
   * Tells every change after {@code fromRevision}; if some are no longer known, that they were
   * missed, and then every later one. Goes on by itself when the store was away.
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
}
