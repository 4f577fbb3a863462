package io.ashlar.controller.store;

import io.ashlar.controller.state.RecordCodec;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.Entry;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;

/** One collection with its records as values. Blocks as the store does. */
public final class Records<T> {
  /** Lost races in a row before a caller is told to come again; each loss is another's progress. */
  private static final int RACES_MAX = 100;

  /** A record and the revision it was read at. */
  public record Versioned<T>(String key, T value, long revision) {}

  private final ClusterStore store;
  private final Collection collection;
  private final RecordCodec<T> codec;

  public Records(ClusterStore store, Collection collection, Class<T> type) {
    this.store = store;
    this.collection = collection;
    this.codec = new RecordCodec<>(type);
  }

  public Optional<Versioned<T>> get(String key) {
    return store.get(collection, key).map(this::read);
  }

  public List<Versioned<T>> list() {
    return store.list(collection).entries().stream().map(this::read).toList();
  }

  private Versioned<T> read(Entry entry) {
    return new Versioned<>(entry.key(), codec.read(entry.value()), entry.revision());
  }

  /** Empty if the key is taken. */
  public Optional<Versioned<T>> create(String key, T value) {
    return versioned(key, value, store.create(collection, key, codec.write(value)));
  }

  /** Empty if the record has changed or is gone. */
  public Optional<Versioned<T>> swap(Versioned<T> old, T next) {
    return versioned(
        old.key(),
        next,
        store.compareAndSet(collection, old.key(), old.revision(), codec.write(next)));
  }

  private static <T> Optional<Versioned<T>> versioned(String key, T value, OptionalLong revision) {
    return revision.isPresent()
        ? Optional.of(new Versioned<>(key, value, revision.getAsLong()))
        : Optional.empty();
  }

  /**
   * Applies {@code change} to the record as it is, again after every lost race. A change that gives
   * the value it was given writes nothing.
   *
   * @return the record as it is now; empty if it is gone
   */
  public Optional<Versioned<T>> update(String key, UnaryOperator<T> change) {
    for (int race = 0; race < RACES_MAX; race++) {
      Optional<Versioned<T>> current = get(key);
      if (current.isEmpty()) {
        return Optional.empty();
      }
      T next = change.apply(current.get().value());
      if (next.equals(current.get().value())) {
        return current;
      }
      Optional<Versioned<T>> swapped = swap(current.get(), next);
      if (swapped.isPresent()) {
        return swapped;
      }
    }
    throw new IllegalStateException(collection + " " + key + ": too many lost races");
  }

  public boolean delete(Versioned<T> old) {
    return store.delete(collection, old.key(), old.revision());
  }
}
