package io.ashlar.controller.store.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ashlar.controller.store.ClusterStore.Collection;
import io.ashlar.controller.store.ClusterStore.Entry;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How a record lies in its resource. Pure.
 *
 * <pre>
 * metadata.name     key
 * spec              the record's field "spec": what was asked for
 * status.record     all its other fields
 * status.follows    revision that this write replaced, 0 for none
 * status.*          what people read; derived, never read back
 * </pre>
 *
 * {@code follows} makes every write differ from the one before: the API server does not store an
 * unchanged resource again, so that two writers of the same text would both believe to have won.
 */
final class Layout {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};
  private static final String SPEC = "spec";
  private static final String STATUS = "status";
  private static final String RECORD = "record";
  private static final String FOLLOWS = "follows";

  private final Map<Collection, StatusText> texts;

  Layout(Map<Collection, StatusText> texts) {
    this.texts = Map.copyOf(texts);
  }

  /**
   * @param follows revision of the record that it replaces, 0 if there is none yet
   */
  GenericKubernetesResource resource(
      Collection collection, String key, String value, long follows) {
    Map<String, Object> record = parse(value);
    Map<String, Object> status = new LinkedHashMap<>();
    if (texts.containsKey(collection)) {
      status.putAll(texts.get(collection).of(value));
    }
    status.put(FOLLOWS, follows);
    ResourceDefinitionContext context = Resources.of(collection);
    GenericKubernetesResource resource = new GenericKubernetesResource();
    resource.setApiVersion(context.getGroup() + "/" + context.getVersion());
    resource.setKind(context.getKind());
    resource.setMetadata(
        new ObjectMetaBuilder()
            .withName(key)
            .withResourceVersion(follows == 0 ? null : Long.toString(follows))
            .build());
    if (record.containsKey(SPEC)) {
      resource.setAdditionalProperty(SPEC, record.remove(SPEC));
    }
    status.put(RECORD, record);
    resource.setAdditionalProperty(STATUS, status);
    return resource;
  }

  Entry entry(GenericKubernetesResource resource) {
    Map<String, Object> record = new LinkedHashMap<>();
    Object spec = resource.getAdditionalProperties().get(SPEC);
    if (spec != null) {
      record.put(SPEC, spec);
    }
    if (resource.getAdditionalProperties().get(STATUS) instanceof Map<?, ?> status
        && status.get(RECORD) instanceof Map<?, ?> rest) {
      rest.forEach((name, field) -> record.put((String) name, field));
    }
    return new Entry(resource.getMetadata().getName(), write(record), revision(resource));
  }

  /**
   * Of a resource or a list. Kubernetes compares them as numbers too ("Resource versions" of its
   * API concepts, since 1.35).
   */
  static long revision(String resourceVersion) {
    return Long.parseLong(resourceVersion);
  }

  static long revision(GenericKubernetesResource resource) {
    return revision(resource.getMetadata().getResourceVersion());
  }

  private static Map<String, Object> parse(String value) {
    try {
      return JSON.readValue(value, OBJECT);
    } catch (JsonProcessingException broken) {
      throw new IllegalArgumentException("a record is a JSON object, not: " + value, broken);
    }
  }

  private static String write(Map<String, Object> record) {
    try {
      return JSON.writeValueAsString(record);
    } catch (JsonProcessingException broken) {
      throw new IllegalStateException("cannot write a record", broken);
    }
  }
}
