package io.ashlar.node.mount;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * A line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
 *
 * @param device major:minor
 * @param root which part of the file system is mounted; for a bound device node, its path in /dev
 * @param options of this mount
 * @param superOptions of the file system
 */
public record MountEntry(
    int id,
    String device,
    String root,
    String mountPoint,
    Set<String> options,
    String fsType,
    String source,
    Set<String> superOptions) {

  public boolean isReadOnly() {
    return options.contains("ro");
  }

  /** True if no write can reach the device: the file system itself is read-only. */
  public boolean isFileSystemReadOnly() {
    return superOptions.contains("ro");
  }

  /**
   * Parses one line.
   *
   * @throws IllegalArgumentException if it has not the documented form
   */
  static MountEntry parse(String line) {
    List<String> fields = Arrays.asList(line.split(" "));
    int separator = fields.indexOf("-");
    if (separator < 6 || fields.size() < separator + 4) {
      throw new IllegalArgumentException("not a line of mountinfo: '" + line + "'");
    }
    return new MountEntry(
        Integer.parseInt(fields.get(0)),
        fields.get(2),
        unescape(fields.get(3)),
        unescape(fields.get(4)),
        Set.of(fields.get(5).split(",")),
        fields.get(separator + 1),
        unescape(fields.get(separator + 2)),
        Set.copyOf(new ArrayList<>(List.of(fields.get(separator + 3).split(",")))));
  }

  /**
   * The kernel writes space, tab, newline and backslash as octal; names are bytes, mostly UTF-8.
   */
  static String unescape(String field) {
    if (field.indexOf('\\') < 0) {
      return field;
    }
    byte[] from = field.getBytes(StandardCharsets.UTF_8);
    byte[] to = new byte[from.length];
    int count = 0;
    for (int i = 0; i < from.length; i++) {
      if (from[i] == '\\' && isOctal(from, i + 1)) {
        to[count++] =
            (byte) (((from[i + 1] - '0') << 6) | ((from[i + 2] - '0') << 3) | (from[i + 3] - '0'));
        i += 3;
      } else {
        to[count++] = from[i];
      }
    }
    return new String(to, 0, count, StandardCharsets.UTF_8);
  }

  private static boolean isOctal(byte[] bytes, int from) {
    if (from + 3 > bytes.length) {
      return false;
    }
    for (int i = from; i < from + 3; i++) {
      if (bytes[i] < '0' || bytes[i] > '7') {
        return false;
      }
    }
    return true;
  }
}
