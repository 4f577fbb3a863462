package io.ashlar.node.disk;

import static io.ashlar.node.disk.CheckedLines.after;

import io.ashlar.env.Roster.Known;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;

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

  private RosterText() {}

  static byte[] write(Known known) {
    List<String> lines = new ArrayList<>(List.of(EPOCH + known.epoch()));
    known.disks().forEach(disk -> lines.add("%s%016x".formatted(DISK, disk)));
    return CheckedLines.write(HEAD, lines);
  }

  /**
   * @param file where it is from, for the message
   */
  static Known read(byte[] text, Path file) throws RosterDamagedException {
    try {
      List<String> lines = CheckedLines.read(text, HEAD);
      List<Long> disks = new ArrayList<>();
      for (String line : lines.subList(1, lines.size())) {
        disks.add(Long.parseUnsignedLong(after(DISK, line), 16));
      }
      return new Known(Integer.parseInt(after(EPOCH, lines.getFirst())), disks);
    } catch (IllegalArgumentException | IndexOutOfBoundsException | NoSuchElementException wrong) {
      throw new RosterDamagedException(file, wrong.getMessage());
    }
  }
}
