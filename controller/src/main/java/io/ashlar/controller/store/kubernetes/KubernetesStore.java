package io.ashlar.controller.store.kubernetes;

import static java.net.HttpURLConnection.HTTP_CONFLICT;
import static java.net.HttpURLConnection.HTTP_NOT_FOUND;

import io.ashlar.controller.store.ClusterStore;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * {@link ClusterStore} in custom resources. Reads ask for the most recent version, which the API
 * server reads from a quorum of etcd; a write is answered when etcd has it. Requests are never
 * repeated by the client: the second one would tell "conflict" of a change that the first one made.
 */
public final class KubernetesStore implements ClusterStore {
  private final KubernetesClient client;
  private final Layout layout;

  /**
   * @param client without retries; closed by its owner, after this store
   */
  public KubernetesStore(KubernetesClient client) {
    this(client, Map.of(Collection.VOLUMES, new VolumeText()));
  }

  KubernetesStore(KubernetesClient client, Map<Collection, StatusText> texts) {
    this.client = client;
    this.layout = new Layout(texts);
  }

  private MixedOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      resources(Collection collection) {
    return client.genericKubernetesResources(Resources.of(collection));
  }

  @Override
  public Optional<Entry> get(Collection collection, String key) {
    return asking(
        "reading " + collection + " " + key,
        () -> Optional.ofNullable(resources(collection).withName(key).get()).map(layout::entry));
  }

  @Override
  public Listing list(Collection collection) {
    return asking(
        "listing " + collection,
        () -> {
          GenericKubernetesResourceList list = resources(collection).list();
          List<Entry> entries =
              list.getItems().stream()
                  .map(layout::entry)
                  .sorted(Comparator.comparing(Entry::key))
                  .toList();
          return new Listing(entries, Layout.revision(list.getMetadata().getResourceVersion()));
        });
  }

  @Override
  public OptionalLong create(Collection collection, String key, String value) {
    GenericKubernetesResource wanted = layout.resource(collection, key, value, 0);
    return changing(
        "creating " + collection + " " + key,
        () -> OptionalLong.of(Layout.revision(resources(collection).resource(wanted).create())));
  }

  @Override
  public OptionalLong compareAndSet(
      Collection collection, String key, long expectedRevision, String value) {
    GenericKubernetesResource wanted = layout.resource(collection, key, value, expectedRevision);
    return changing(
        "changing " + collection + " " + key,
        () -> OptionalLong.of(Layout.revision(resources(collection).resource(wanted).update())));
  }

  @Override
  public boolean delete(Collection collection, String key, long expectedRevision) {
    return changing(
            "deleting " + collection + " " + key,
            () -> {
              boolean found =
                  !resources(collection)
                      .withName(key)
                      .lockResourceVersion(Long.toString(expectedRevision))
                      .delete()
                      .isEmpty();
              return found ? OptionalLong.of(expectedRevision) : OptionalLong.empty();
            })
        .isPresent();
  }

  @Override
  public Subscription watch(Collection collection, long fromRevision, Watcher watcher) {
    return new ResourceWatch(resources(collection), layout, fromRevision, watcher).start();
  }

  /** A change that the API server refuses because of the revision has certainly not happened. */
  private static OptionalLong changing(String what, Supplier<OptionalLong> change) {
    return asking(
        what,
        () -> {
          try {
            return change.get();
          } catch (KubernetesClientException refused) {
            if (refused.getCode() == HTTP_CONFLICT || refused.getCode() == HTTP_NOT_FOUND) {
              return OptionalLong.empty();
            }
            throw refused;
          }
        });
  }

  private static <T> T asking(String what, Supplier<T> question) {
    try {
      return question.get();
    } catch (KubernetesClientException failed) {
      throw new StoreException(
          what + " in the Kubernetes API failed: " + failed.getMessage(), failed);
    }
  }

  /** The client is its owner's; watches end by their subscriptions. */
  @Override
  public void close() {}
}
