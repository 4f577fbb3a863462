package io.ashlar.node.disk;

import static io.ashlar.node.disk.CheckedLines.after;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What operators have ordered about a node's disks, beside its configuration; kept in the state
 * directory:
 *
 * <pre>
 * ashlar disk orders 1
 * added 0123456789abcdef /dev/disk/by-id/x    a line each; use this one too
 * removed 0123456789abcdef /dev/sdb           do not use this one, whatever finds it
 * draining 0123456789abcdef                   nothing new goes there, and what it has goes elsewhere
 * crc32c 89abcdef
 * </pre>
 *
 * <p>If the file is lost, added disks have to be added again, and removed ones that are configured
 * are used again; no data depends on it.
 *
 * @param added by the disks' ids
 * @param removed by the disks' ids
 */
public record DiskOrders(Map<Long, Path> added, Map<Long, Path> removed, Set<Long> draining) {
  public static final DiskOrders NONE = new DiskOrders(Map.of(), Map.of(), Set.of());

  private static final String HEAD = "ashlar disk orders 1";
  private static final String ADDED = "added ";
  private static final String REMOVED = "removed ";
  private static final String DRAINING = "draining ";
  private static final int ID_DIGITS = 16;

  public DiskOrders {
    added = Collections.unmodifiableMap(new TreeMap<>(added));
    removed = Collections.unmodifiableMap(new TreeMap<>(removed));
    draining = Collections.unmodifiableSet(new TreeSet<>(draining));
  }

  // ---- changes

  /** The disk is to be used from now on; what was ordered of others in that place is over. */
  public DiskOrders adding(long id, Path path) {
    Map<Long, Path> nextAdded = without(added, path);
    nextAdded.put(id, path);
    return new DiskOrders(nextAdded, without(removed, path), draining);
  }

  public DiskOrders removing(long id, Path path) {
    Map<Long, Path> nextAdded = new TreeMap<>(added);
    nextAdded.remove(id);
    Map<Long, Path> nextRemoved = new TreeMap<>(removed);
    nextRemoved.put(id, path);
    return new DiskOrders(nextAdded, nextRemoved, draining).draining(id, false);
  }

  public DiskOrders draining(long id, boolean drain) {
    Set<Long> next = new TreeSet<>(draining);
    if (drain) {
      next.add(id);
    } else {
      next.remove(id);
    }
    return new DiskOrders(added, removed, next);
  }

  private static Map<Long, Path> without(Map<Long, Path> disks, Path path) {
    Map<Long, Path> rest = new TreeMap<>(disks);
    rest.values().removeIf(path::equals);
    return rest;
  }

  /** The id of the disk that was added at this path. */
  public Optional<Long> addedAt(Path path) {
    return added.entrySet().stream()
        .filter(each -> each.getValue().equals(path))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  // ---- the file

  /**
   * Reads the file; without one nothing was ordered. Blocking.
   *
   * @throws DiskOrdersDamagedException if it is not what was written
   */
  public static DiskOrders read(Path file) throws IOException {
    byte[] content;
    try {
      content = Files.readAllBytes(file);
    } catch (NoSuchFileException absent) {
      return NONE;
    }
    try {
      return parse(CheckedLines.read(content, HEAD));
    } catch (IllegalArgumentException | IndexOutOfBoundsException | NoSuchElementException wrong) {
      throw new DiskOrdersDamagedException(file, wrong.getMessage());
    }
  }

  private static DiskOrders parse(List<String> lines) {
    Map<Long, Path> added = new TreeMap<>();
    Map<Long, Path> removed = new TreeMap<>();
    Set<Long> draining = new TreeSet<>();
    for (String line : lines) {
      if (line.startsWith(ADDED)) {
        place(after(ADDED, line), added);
      } else if (line.startsWith(REMOVED)) {
        place(after(REMOVED, line), removed);
      } else {
        draining.add(id(after(DRAINING, line)));
      }
    }
    return new DiskOrders(added, removed, draining);
  }

  private static void place(String idAndPath, Map<Long, Path> into) {
    into.put(id(idAndPath.substring(0, ID_DIGITS)), Path.of(idAndPath.substring(ID_DIGITS + 1)));
  }

  private static long id(String text) {
    return Long.parseUnsignedLong(text, 16);
  }

  /** Keeps them durably. Blocking. */
  public void write(Path file) throws IOException {
    List<String> lines = new ArrayList<>();
    added.forEach((id, path) -> lines.add("%s%016x %s".formatted(ADDED, id, path)));
    removed.forEach((id, path) -> lines.add("%s%016x %s".formatted(REMOVED, id, path)));
    draining.forEach(id -> lines.add("%s%016x".formatted(DRAINING, id)));
    SmallFile.replace(file, CheckedLines.write(HEAD, lines));
  }
}
