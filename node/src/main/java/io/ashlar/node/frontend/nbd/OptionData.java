package io.ashlar.node.frontend.nbd;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the data of options; empty where the lengths inside do not fit the option's own. */
final class OptionData {
  /**
   * @param export the export that the contexts are for
   */
  record Queries(String export, List<String> queries) {
    /** Asked for nothing in particular means: tell them all. */
    boolean listsBase() {
      return queries.isEmpty() || queries.stream().anyMatch(Nbd.BASE_QUERIES::contains);
    }
  }

  private OptionData() {}

  static String rest(ByteBuf data) {
    return data.readCharSequence(data.readableBytes(), StandardCharsets.UTF_8).toString();
  }

  /** The name in an INFO or GO; which pieces are asked for does not matter, all are told. */
  static Optional<String> infoRequest(ByteBuf data) {
    Optional<String> name = string(data);
    if (name.isEmpty() || data.readableBytes() < Short.BYTES) {
      return Optional.empty();
    }
    int pieces = data.readUnsignedShort();
    return data.readableBytes() == pieces * Short.BYTES ? name : Optional.empty();
  }

  static Optional<Queries> queries(ByteBuf data) {
    Optional<String> export = string(data);
    if (export.isEmpty() || data.readableBytes() < Integer.BYTES) {
      return Optional.empty();
    }
    long count = data.readUnsignedInt();
    List<String> queries = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      Optional<String> query = string(data);
      if (query.isEmpty()) {
        return Optional.empty();
      }
      queries.add(query.get());
    }
    return data.isReadable() ? Optional.empty() : Optional.of(new Queries(export.get(), queries));
  }

  /** What a client sent, safe for a log line. */
  static String printable(String text) {
    String start = text.substring(0, Math.min(80, text.length()));
    return start.replaceAll("[^\\x20-\\x7e]", "?");
  }

  private static Optional<String> string(ByteBuf data) {
    if (data.readableBytes() < Integer.BYTES) {
      return Optional.empty();
    }
    long length = data.readUnsignedInt();
    if (length > data.readableBytes()) {
      return Optional.empty();
    }
    return Optional.of(data.readCharSequence((int) length, StandardCharsets.UTF_8).toString());
  }
}
