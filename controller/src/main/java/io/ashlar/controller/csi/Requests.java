package io.ashlar.controller.csi;

import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The checks that come before any look-up. */
final class Requests {
  private static final int TEXT_BYTES_MAX = 128;
  private static final int NODE_ID_BYTES_MAX = 256;
  private static final int MAP_BYTES_MAX = 4096;

  private Requests() {}

  static RefusedException invalid(String format, Object... arguments) {
    return new RefusedException(Kind.INVALID, format, arguments);
  }

  static void requireVolumeId(String id) {
    requireText("volume_id", id, TEXT_BYTES_MAX);
  }

  static void requireNodeId(String id) {
    requireText("node_id", id, NODE_ID_BYTES_MAX);
  }

  /** Any Unicode but control characters; tab, line feed and carriage return are allowed. */
  static void requireName(String name) {
    requireText("name", name, TEXT_BYTES_MAX);
    name.codePoints()
        .filter(Requests::isForbidden)
        .findFirst()
        .ifPresent(
            point -> {
              throw invalid("name contains the control character U+%04X", point);
            });
  }

  private static boolean isForbidden(int point) {
    boolean control = point <= 0x1F || (point >= 0x7F && point <= 0x9F);
    return control && point != '\t' && point != '\n' && point != '\r';
  }

  private static void requireText(String field, String text, int bytesMax) {
    if (text.isEmpty()) {
      throw invalid("%s is required", field);
    }
    int lengthBytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (lengthBytes > bytesMax) {
      throw invalid("%s has %d bytes, at most %d are allowed", field, lengthBytes, bytesMax);
    }
  }

  static void requireSmall(String field, Map<String, String> map) {
    long bytes = 0;
    for (Map.Entry<String, String> entry : map.entrySet()) {
      bytes += entry.getKey().getBytes(StandardCharsets.UTF_8).length;
      bytes += entry.getValue().getBytes(StandardCharsets.UTF_8).length;
    }
    if (bytes > MAP_BYTES_MAX) {
      throw invalid("%s has %d bytes, at most %d are allowed", field, bytes, MAP_BYTES_MAX);
    }
  }

  static void requireEntriesMax(int maxEntries) {
    if (maxEntries < 0) {
      throw invalid("max_entries is negative: %d", maxEntries);
    }
  }
}
