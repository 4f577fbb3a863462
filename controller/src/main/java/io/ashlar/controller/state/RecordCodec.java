package io.ashlar.controller.state;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import java.io.IOException;
import java.util.function.Function;

/** Records as JSON. Unknown fields fail: a newer release's record is not rewritten without them. */
public final class RecordCodec<T> {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .addModule(identifiers())
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private final Class<T> type;

  public RecordCodec(Class<T> type) {
    this.type = type;
  }

  /** Identifiers are plain text in JSON. */
  private static final class FromText<V> extends StdScalarDeserializer<V> {
    private static final long serialVersionUID = 1L;
    private final transient Function<String, V> read;

    FromText(Class<V> type, Function<String, V> read) {
      super(type);
      this.read = read;
    }

    @Override
    public V deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      return read.apply(parser.getText());
    }
  }

  private static SimpleModule identifiers() {
    return new SimpleModule()
        .addSerializer(NodeId.class, ToStringSerializer.instance)
        .addSerializer(VolumeId.class, ToStringSerializer.instance)
        .addDeserializer(NodeId.class, new FromText<>(NodeId.class, NodeId::new))
        .addDeserializer(VolumeId.class, new FromText<>(VolumeId.class, VolumeId::new));
  }

  public String write(T record) {
    try {
      return JSON.writeValueAsString(record);
    } catch (JsonProcessingException broken) {
      throw new IllegalStateException("cannot write " + type.getSimpleName(), broken);
    }
  }

  /**
   * @throws IllegalStateException if it is not what this release writes
   */
  public T read(String text) {
    try {
      return JSON.readValue(text, type);
    } catch (JsonProcessingException broken) {
      throw new IllegalStateException("cannot read a " + type.getSimpleName() + " record", broken);
    }
  }
}
