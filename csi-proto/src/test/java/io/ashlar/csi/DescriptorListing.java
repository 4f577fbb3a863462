package io.ashlar.csi;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import io.ashlar.csi.v1.CsiProto;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;

/** Lists what a descriptor declares, in the form of sanity-tests/go/csi-descriptor. */
final class DescriptorListing {
  private final SortedSet<String> lines = new TreeSet<>();

  static SortedSet<String> of(FileDescriptor file) {
    DescriptorListing listing = new DescriptorListing();
    file.getMessageTypes().forEach(listing::message);
    file.getEnumTypes().forEach(listing::enumeration);
    file.getServices()
        .forEach(
            service -> {
              listing.lines.add("service " + service.getFullName());
              service.getMethods().forEach(listing::method);
            });
    file.getExtensions()
        .forEach(
            extension ->
                listing.lines.add(
                    "extension %s %d %s of %s"
                        .formatted(
                            extension.getFullName(),
                            extension.getNumber(),
                            typeOf(extension),
                            extension.getContainingType().getFullName())));
    return listing.lines;
  }

  private void message(Descriptor message) {
    if (message.getOptions().getMapEntry()) {
      return;
    }
    lines.add("message " + message.getFullName());
    message.getFields().forEach(this::field);
    message.getNestedTypes().forEach(this::message);
    message.getEnumTypes().forEach(this::enumeration);
  }

  private void field(FieldDescriptor field) {
    String label = field.isMapField() ? "map" : field.isRepeated() ? "repeated" : "single";
    String oneof = field.getContainingOneof() == null ? "-" : field.getContainingOneof().getName();
    String secret = field.getOptions().getExtension(CsiProto.csiSecret) ? " secret" : "";
    lines.add(
        "field %s %d %s %s oneof %s%s"
            .formatted(
                field.getFullName(), field.getNumber(), typeOf(field), label, oneof, secret));
  }

  private static String typeOf(FieldDescriptor field) {
    if (field.isMapField()) {
      Descriptor entry = field.getMessageType();
      return "map<%s,%s>"
          .formatted(typeOf(entry.findFieldByNumber(1)), typeOf(entry.findFieldByNumber(2)));
    }
    return switch (field.getJavaType()) {
      case MESSAGE -> field.getMessageType().getFullName();
      case ENUM -> field.getEnumType().getFullName();
      case BOOLEAN, BYTE_STRING, DOUBLE, FLOAT, INT, LONG, STRING ->
          field.getType().name().toLowerCase(Locale.ROOT);
    };
  }

  private void enumeration(EnumDescriptor enumeration) {
    lines.add("enum " + enumeration.getFullName());
    enumeration
        .getValues()
        .forEach(
            value ->
                lines.add(
                    "value %s.%s %d"
                        .formatted(enumeration.getFullName(), value.getName(), value.getNumber())));
  }

  private void method(MethodDescriptor method) {
    lines.add(
        "method %s %s%s %s%s"
            .formatted(
                method.getFullName(),
                method.isClientStreaming() ? "stream " : "",
                method.getInputType().getFullName(),
                method.isServerStreaming() ? "stream " : "",
                method.getOutputType().getFullName()));
  }
}
