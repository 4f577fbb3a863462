package io.ashlar.node.disk;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.zip.CRC32C;

/** Text whose first line names its format and whose last one is the checksum of the others. */
final class CheckedLines {
  private static final String CHECK = "crc32c ";

  private CheckedLines() {}

  static byte[] write(String head, List<String> lines) {
    StringBuilder text = new StringBuilder(head + "\n");
    lines.forEach(line -> text.append(line).append('\n'));
    return (text + checkLine(text.toString())).getBytes(UTF_8);
  }

  /**
   * The lines between the first and the last one.
   *
   * @throws IllegalArgumentException saying what is wrong with the text
   */
  static List<String> read(byte[] content, String head) {
    String text = new String(content, UTF_8);
    int check = text.lastIndexOf(CHECK);
    if (check < 0 || !text.substring(check).equals(checkLine(text.substring(0, check)))) {
      throw new IllegalArgumentException("its last line is not the checksum of the others");
    }
    List<String> lines = text.substring(0, check).lines().toList();
    if (lines.isEmpty() || !lines.getFirst().equals(head)) {
      throw new IllegalArgumentException("its first line is not '" + head + "'");
    }
    return lines.subList(1, lines.size());
  }

  /**
   * What stands behind the word at the beginning of a line.
   *
   * @throws IllegalArgumentException if the line begins otherwise
   */
  static String after(String word, String line) {
    if (!line.startsWith(word)) {
      throw new IllegalArgumentException("'" + line + "' where '" + word + "' was wanted");
    }
    return line.substring(word.length());
  }

  private static String checkLine(String before) {
    CRC32C crc = new CRC32C();
    crc.update(before.getBytes(UTF_8));
    return "%s%08x\n".formatted(CHECK, crc.getValue());
  }
}
