package io.ashlar.controller.store.kubernetes;

import io.ashlar.controller.store.ClusterStore.Collection;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.EnumMap;
import java.util.Map;

/** The custom resources that collections are kept in; cluster-scoped, as volumes are. */
final class Resources {
  static final String GROUP = "ashlar.io";
  static final String VERSION = "v1alpha1";

  private static final Map<Collection, ResourceDefinitionContext> CONTEXTS =
      new EnumMap<>(
          Map.of(
              Collection.VOLUMES, context("AshlarVolume"),
              Collection.NODES, context("AshlarNode"),
              Collection.GRAVES, context("AshlarGrave"),
              Collection.CLUSTER, context("AshlarCluster"),
              Collection.CONTROLLERS, context("AshlarController")));

  private Resources() {}

  private static ResourceDefinitionContext context(String kind) {
    return new ResourceDefinitionContext.Builder()
        .withGroup(GROUP)
        .withVersion(VERSION)
        .withKind(kind)
        .withPlural(plural(kind))
        .withNamespaced(false)
        .build();
  }

  private static String plural(String kind) {
    return kind.toLowerCase(java.util.Locale.ROOT) + "s";
  }

  static ResourceDefinitionContext of(Collection collection) {
    return CONTEXTS.get(collection);
  }
}
