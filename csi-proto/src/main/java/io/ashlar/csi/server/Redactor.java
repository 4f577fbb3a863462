package io.ashlar.csi.server;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import io.ashlar.csi.v1.CsiProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Text of a message for logs. Fields marked {@code csi_secret} are emptied, and so are mount flags,
 * which may hold passwords without being marked; of both only the presence is shown.
 */
public final class Redactor {
  private static final String HIDDEN = "***";
  private static final Set<String> HIDDEN_FIELDS =
      Set.of("csi.v1.VolumeCapability.MountVolume.mount_flags");

  private Redactor() {}

  /** One line, without any secret. */
  public static String text(Message message) {
    StringBuilder text = new StringBuilder("{");
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      text.append(text.length() > 1 ? " " : "");
      text.append(entry.getKey().getName()).append(": ");
      text.append(hidden(entry.getKey()) ? HIDDEN : value(entry.getKey(), entry.getValue()));
    }
    return text.append('}').toString();
  }

  private static boolean hidden(FieldDescriptor field) {
    return field.getOptions().getExtension(CsiProto.csiSecret)
        || HIDDEN_FIELDS.contains(field.getFullName());
  }

  private static String value(FieldDescriptor field, Object value) {
    if (!(value instanceof List<?> values)) {
      return single(field, value);
    }
    List<String> texts = new ArrayList<>();
    values.forEach(each -> texts.add(single(field, each)));
    return texts.toString();
  }

  private static String single(FieldDescriptor field, Object value) {
    return value instanceof Message message
        ? text(message)
        : TextFormat.printer().printFieldToString(field, value).strip().replace('\n', ' ');
  }
}
