package io.ashlar.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/protocol.md says what the code does, offset by offset and code by code. */
final class ProtocolDocumentTest {
  private static final Pattern ROW =
      Pattern.compile("\\| (\\d+) \\| (\\w+) \\| (\\w+|[^|]*) \\|.*");

  private static Map<String, Integer> table(String title, int nameColumn) throws IOException {
    String text = Files.readString(Path.of("..", "docs", "protocol.md"));
    String section = text.substring(text.indexOf("## " + title));
    int next = section.indexOf("\n## ", 3);
    Map<String, Integer> rows = new LinkedHashMap<>();
    for (String line : (next < 0 ? section : section.substring(0, next)).lines().toList()) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        rows.put(row.group(nameColumn).strip(), Integer.valueOf(row.group(1)));
      }
    }
    return rows;
  }

  @Test
  void theFrameHeaderIsAsDocumented() throws IOException {
    Map<String, Integer> offsets = table("Frame", 3);
    assertThat(offsets)
        .containsEntry("magic", FrameHeader.MAGIC_AT)
        .containsEntry("version", FrameHeader.VERSION_AT)
        .containsEntry("command", FrameHeader.COMMAND_AT)
        .containsEntry("request", FrameHeader.REQUEST_AT)
        .containsEntry("epoch", FrameHeader.EPOCH_AT)
        .containsEntry("bodyBytes", FrameHeader.BODY_BYTES_AT)
        .containsEntry("payloadBytes", FrameHeader.PAYLOAD_BYTES_AT)
        .containsEntry("bodyCrc", FrameHeader.BODY_CRC_AT)
        .containsEntry("reserved", FrameHeader.RESERVED_AT)
        .containsEntry("headerCrc", FrameHeader.HEADER_CRC_AT)
        .hasSize(10);
  }

  @Test
  void everyCommandIsDocumentedWithItsCode() throws IOException {
    Map<String, Integer> codes = table("Commands", 2);
    assertThat(codes).hasSize(Command.values().length);
    for (Command command : Command.values()) {
      assertThat(codes).containsEntry(command.name(), command.code());
    }
  }

  @Test
  void theEntryOfABlockIsAsDocumented() throws IOException {
    Map<String, Integer> offsets = table("Run", 3);
    assertThat(offsets)
        .containsEntry("kind", BodyWriter.ENTRY_KIND_AT)
        .containsEntry("codec", BodyWriter.ENTRY_CODEC_AT)
        .containsEntry("storedBytes", BodyWriter.ENTRY_STORED_BYTES_AT)
        .containsEntry("keyId", BodyWriter.ENTRY_KEY_AT)
        .containsEntry("version", BodyWriter.ENTRY_VERSION_AT)
        .containsEntry("crc", BodyWriter.ENTRY_CRC_AT)
        .containsEntry("tag", BodyWriter.ENTRY_TAG_AT);
  }
}
