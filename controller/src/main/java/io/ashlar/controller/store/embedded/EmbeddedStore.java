package io.ashlar.controller.store.embedded;

import io.ashlar.controller.store.ClusterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * {@link ClusterStore} in a SQLite file: write-ahead log, {@code synchronous=FULL}, locked for this
 * process alone. All statements run on one platform thread, because a native call would hold the
 * carrier of a virtual one; callers wait for it.
 */
public final class EmbeddedStore implements ClusterStore {
  private static final int CHANGES_KEPT = 10_000;

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("embedded-store").factory());
  private final ChangeFeed feed;
  private final Connection connection;

  /** Work on the connection, on the store's thread. */
  @FunctionalInterface
  private interface Work<T> {
    T run() throws SQLException;
  }

  /**
   * Opens or makes the file.
   *
   * @throws StoreException if it cannot be opened or another process has it
   */
  public EmbeddedStore(Path file) {
    try {
      DriverFolder.use(file.resolveSibling("driver"));
      connection = Schema.open(file);
      feed = new ChangeFeed(CHANGES_KEPT, Schema.revision(connection));
    } catch (SQLException | IOException broken) {
      thread.shutdown();
      throw new StoreException(
          "cannot open the store " + file + " (is another controller using it?)", broken);
    }
  }

  @Override
  public Optional<Entry> get(Collection collection, String key) {
    return run(() -> read(collection, key));
  }

  @Override
  public Listing list(Collection collection) {
    return run(
        () -> {
          List<Entry> entries = new ArrayList<>();
          try (PreparedStatement select =
              connection.prepareStatement(
                  "SELECT key, value, revision FROM record WHERE collection = ? ORDER BY key")) {
            select.setString(1, collection.name());
            try (ResultSet rows = select.executeQuery()) {
              while (rows.next()) {
                entries.add(new Entry(rows.getString(1), rows.getString(2), rows.getLong(3)));
              }
            }
          }
          return new Listing(List.copyOf(entries), Schema.revision(connection));
        });
  }

  @Override
  public OptionalLong create(Collection collection, String key, String value) {
    return run(
        () ->
            read(collection, key).isPresent()
                ? OptionalLong.empty()
                : OptionalLong.of(write(collection, key, Optional.of(value))));
  }

  @Override
  public OptionalLong compareAndSet(
      Collection collection, String key, long expectedRevision, String value) {
    return run(
        () ->
            isAt(collection, key, expectedRevision)
                ? OptionalLong.of(write(collection, key, Optional.of(value)))
                : OptionalLong.empty());
  }

  @Override
  public boolean delete(Collection collection, String key, long expectedRevision) {
    return run(
        () -> {
          boolean found = isAt(collection, key, expectedRevision);
          if (found) {
            write(collection, key, Optional.empty());
          }
          return found;
        });
  }

  @Override
  public Subscription watch(Collection collection, long fromRevision, Watcher watcher) {
    return feed.subscribe(collection, fromRevision, watcher);
  }

  private boolean isAt(Collection collection, String key, long revision) throws SQLException {
    return read(collection, key).map(entry -> entry.revision() == revision).orElse(false);
  }

  private Optional<Entry> read(Collection collection, String key) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT value, revision FROM record WHERE collection = ? AND key = ?")) {
      select.setString(1, collection.name());
      select.setString(2, key);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next()
            ? Optional.of(new Entry(key, rows.getString(1), rows.getLong(2)))
            : Optional.empty();
      }
    }
  }

  /**
   * One transaction: the next revision and the record, or its end; told to watchers when durable.
   */
  private long write(Collection collection, String key, Optional<String> value)
      throws SQLException {
    long revision;
    try {
      revision = Schema.nextRevision(connection);
      if (value.isPresent()) {
        put(collection, key, value.get(), revision);
      } else {
        remove(collection, key);
      }
      connection.commit();
    } catch (SQLException failed) {
      connection.rollback();
      throw failed;
    }
    Optional<Entry> entry = value.map(text -> new Entry(key, text, revision));
    feed.publish(collection, new Change(key, entry, revision));
    return revision;
  }

  private void put(Collection collection, String key, String value, long revision)
      throws SQLException {
    try (PreparedStatement upsert =
        connection.prepareStatement(
            "INSERT INTO record (collection, key, value, revision) VALUES (?, ?, ?, ?)"
                + " ON CONFLICT (collection, key)"
                + " DO UPDATE SET value = excluded.value, revision = excluded.revision")) {
      upsert.setString(1, collection.name());
      upsert.setString(2, key);
      upsert.setString(3, value);
      upsert.setLong(4, revision);
      upsert.executeUpdate();
    }
  }

  private void remove(Collection collection, String key) throws SQLException {
    try (PreparedStatement delete =
        connection.prepareStatement("DELETE FROM record WHERE collection = ? AND key = ?")) {
      delete.setString(1, collection.name());
      delete.setString(2, key);
      delete.executeUpdate();
    }
  }

  /** Runs on the store's thread and waits. */
  private <T> T run(Work<T> work) {
    try {
      return waitFor(
          thread.submit(
              () -> {
                T result = work.run();
                connection.commit();
                return result;
              }));
    } catch (ExecutionException failed) {
      throw new StoreException("the embedded store failed", failed.getCause());
    } catch (RejectedExecutionException closed) {
      throw new StoreException("the embedded store is closed", closed);
    }
  }

  /** Also when interrupted: the caller must not be left with a change of which it knows nothing. */
  private static <T> T waitFor(Future<T> result) throws ExecutionException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return result.get();
        } catch (InterruptedException again) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(10, TimeUnit.SECONDS)) {
        throw new StoreException("the embedded store does not end", null);
      }
      feed.close();
      connection.close();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (SQLException failed) {
      throw new StoreException("closing the embedded store failed", failed);
    }
  }
}
