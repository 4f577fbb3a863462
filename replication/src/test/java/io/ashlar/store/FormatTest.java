package io.ashlar.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The document's tables, the tables above the codecs and the bytes that the codecs write agree; a
 * golden image pins the bytes of a whole small disk.
 */
final class FormatTest {
  private static final Path DOCUMENT = Path.of("../docs/on-disk-format.md");
  private static final Path SOURCES = Path.of("src/main/java/io/ashlar/store");
  private static final Pattern ROW =
      Pattern.compile("^(?:\\| | \\* +)(\\d+) (?:\\| )? *(\\d+) (?:\\| )?(\\w+) .*");

  @Test
  void tablesOfTheDocumentAreThoseOfTheCode() throws IOException {
    assertThat(documented("superblock")).isEqualTo(inSource("Superblock.java"));
    assertThat(documented("batch")).isEqualTo(inSource("BatchHeader.java"));
    assertThat(documented("summary")).isEqualTo(inSource("SegmentSummary.java"));
    assertThat(documented("entry")).isEqualTo(inSource("LogEntry.java"));
    List<String> nodes = new ArrayList<>(documented("node"));
    nodes.addAll(documented("run"));
    assertThat(inSource("map/NodeCodec.java")).containsSequence(nodes);
  }

  @Test
  void tablesAreWithoutGaps() throws IOException {
    for (String table : List.of("superblock", "batch", "summary")) {
      int next = 0;
      for (String row : documented(table)) {
        String[] words = row.split(" ");
        assertThat(Integer.parseInt(words[0])).as(table + ": " + row).isEqualTo(next);
        next += Integer.parseInt(words[1]);
      }
      assertThat(next).isEqualTo(table.equals("superblock") ? 4096 : 64);
    }
  }

  @Test
  void entryFieldsAreWhereTheTableSays() throws IOException {
    Map<String, Integer> offsets = offsets("entry");
    ByteBuffer bytes = Format.littleEndian(ByteBuffer.allocate(48));
    new LogEntry(EntryKind.TOMBSTONE, 0x01020304, true, 0x0102030405L, 7, 8, 9, 10, null)
        .encode(bytes, 0);
    assertThat(bytes.getInt(offsets.get("replica"))).isEqualTo(0x01020304);
    assertThat(bytes.get(offsets.get("kind"))).isEqualTo((byte) 2);
    assertThat(bytes.getShort(offsets.get("storedBytes"))).isEqualTo((short) 10);
    assertThat(bytes.getLong(offsets.get("first"))).isEqualTo(0x0102030405L);
    assertThat(bytes.getLong(offsets.get("version"))).isEqualTo(8);
    assertThat(bytes.getInt(offsets.get("crc32c"))).isEqualTo(9);
    assertThat(bytes.getLong(offsets.get("count"))).isEqualTo(7);
    assertThat(bytes.get(offsets.get("flags"))).isEqualTo((byte) 1);
  }

  @Test
  void batchFieldsAreWhereTheTableSays() throws IOException {
    Map<String, Integer> offsets = offsets("batch");
    ByteBuffer bytes = Format.littleEndian(ByteBuffer.allocate(4096));
    new BatchHeader(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).encode(bytes);
    assertThat(bytes.getShort(offsets.get("headerPages"))).isEqualTo((short) 1);
    assertThat(bytes.getInt(offsets.get("entryCount"))).isEqualTo(2);
    assertThat(bytes.getInt(offsets.get("payloadPages"))).isEqualTo(3);
    assertThat(bytes.getLong(offsets.get("diskId"))).isEqualTo(4);
    assertThat(bytes.getLong(offsets.get("sequence"))).isEqualTo(5);
    assertThat(bytes.getInt(offsets.get("page"))).isEqualTo(6);
    assertThat(bytes.getInt(offsets.get("durablePage"))).isEqualTo(7);
    assertThat(bytes.getLong(offsets.get("generation"))).isEqualTo(8);
    assertThat(bytes.getLong(offsets.get("lsn"))).isEqualTo(9);
    assertThat(bytes.getInt(offsets.get("packedBytes"))).isEqualTo(10);
    assertThat(offsets.get("headerCrc32c")).isEqualTo(Format.HEADER_CRC_OFFSET);
  }

  /** If this fails because the format was changed on purpose: raise the version, and keep both. */
  @Test
  void goldenDiskIsWrittenByteForByte() throws IOException {
    String written = dump(goldenDisk());
    Path golden = Path.of("src/test/resources/store/format-4.hex");
    if (Boolean.getBoolean("store.golden.write")) {
      Files.createDirectories(golden.getParent());
      Files.writeString(golden, written);
    }
    assertThat(written).isEqualTo(Files.readString(golden));
  }

  private static StoreFixture goldenDisk() {
    StoreFixture fixture = new StoreFixture(1, 40).format().open();
    ReplicaStore replica = fixture.create("golden");
    fixture.write(replica, 5, 100, 101);
    fixture.trim(replica, 6, 1000, 102);
    replica.noteProgress(102, 100);
    fixture.write(replica, 7, 103);
    fixture.sync(replica);
    fixture.crash();
    fixture.open();
    fixture.crash();
    return fixture;
  }

  /** All pages that are not zero, payload of blocks by its checksum only. */
  private static String dump(StoreFixture fixture) {
    StringBuilder text = new StringBuilder();
    byte[] line = new byte[32];
    byte[] page = new byte[4096];
    for (long at = 0; at < fixture.medium.sizeBytes(); at += page.length) {
      fixture.medium.read(at, page);
      boolean block = ByteBuffer.wrap(page, 4064, 32).getLong() != 0;
      if (block) {
        text.append(String.format("%08x crc %08x%n", at, StoreFixture.crc(page)));
        continue;
      }
      for (int i = 0; i < page.length; i += line.length) {
        System.arraycopy(page, i, line, 0, line.length);
        if (!Format.isZero(ByteBuffer.wrap(line), 0, line.length)) {
          text.append(String.format("%08x %s%n", at + i, HexFormat.of().formatHex(line)));
        }
      }
    }
    return text.toString();
  }

  private static Map<String, Integer> offsets(String table) throws IOException {
    TreeMap<String, Integer> offsets = new TreeMap<>();
    for (String row : documented(table)) {
      String[] words = row.split(" ");
      offsets.put(words[2], Integer.parseInt(words[0]));
    }
    return offsets;
  }

  private static List<String> documented(String table) throws IOException {
    String text = Files.readString(DOCUMENT);
    int from = text.indexOf("<!-- table: " + table + " -->");
    return rows(text.substring(from, text.indexOf("\n\n", from)));
  }

  private static List<String> inSource(String file) throws IOException {
    String text = Files.readString(SOURCES.resolve(file));
    int from = text.indexOf("<pre>");
    return rows(text.substring(from, text.indexOf("</pre>", from)));
  }

  /** Rows as "offset size field". */
  private static List<String> rows(String text) {
    List<String> rows = new ArrayList<>();
    for (String line : text.split("\n")) {
      Matcher matcher = ROW.matcher(line + " ");
      if (matcher.matches()) {
        rows.add(matcher.group(1) + " " + matcher.group(2) + " " + matcher.group(3));
      }
    }
    return rows;
  }
}
