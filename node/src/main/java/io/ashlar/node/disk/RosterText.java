package io.ashlar.node.disk;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.ashlar.env.Roster.Known;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What the roster's file looks like:
 *
 * <pre>
 * ashlar disks 1            version of this format
 * epoch 7                   decimal
 * disk 0123456789abcdef     id of one in use, a line each, in order
 * crc32c 89abcdef           of all bytes before this line
 * </pre>
 */
final class RosterText {
  private static final String HEAD = "ashlar disks 1";
  private static final String EPOCH = "epoch ";
  private static final String DISK = "disk ";
  private static final String CHECK = "crc32c ";

  private RosterText() {}

  static String write(Known known) {
    StringBuilder text = new StringBuilder(HEAD + "\n" + EPOCH + known.epoch() + "\n");
    for (long disk : known.disks()) {
      text.append("%s%016x\n".formatted(DISK, disk));
    }
    return text + checkLine(text.toString());
  }

  /**
   * @param file where it is from, for the message
   */
  static Known read(String text, Path file) throws RosterDamagedException {
    int check = text.lastIndexOf(CHECK);
    if (check < 0 || !text.substring(check).equals(checkLine(text.substring(0, check)))) {
      throw new RosterDamagedException(file, "its last line is not the checksum of the others");
    }
    List<String> lines = text.substring(0, check).lines().toList();
    if (lines.isEmpty() || !lines.getFirst().equals(HEAD)) {
      throw new RosterDamagedException(file, "its first line is not '" + HEAD + "'");
    }
    return known(lines, file);
  }

  private static Known known(List<String> lines, Path file) throws RosterDamagedException {
    try {
      List<Long> disks = new ArrayList<>();
      for (String line : lines.subList(2, lines.size())) {
        disks.add(Long.parseUnsignedLong(after(DISK, line), 16));
      }
      return new Known(Integer.parseInt(after(EPOCH, lines.get(1))), disks);
    } catch (IllegalArgumentException | IndexOutOfBoundsException wrong) {
      throw new RosterDamagedException(file, wrong.getMessage());
    }
  }

  private static String after(String word, String line) {
    if (!line.startsWith(word)) {
      throw new IllegalArgumentException("'" + line + "' where '" + word + "' was wanted");
    }
    return line.substring(word.length());
  }

  private static String checkLine(String before) {
    CRC32C crc = new CRC32C();
    crc.update(before.getBytes(ISO_8859_1));
    return "%s%08x\n".formatted(CHECK, crc.getValue());
  }
}
