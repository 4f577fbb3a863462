package io.ashlar.node.mount;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What is at a path that may lie on a mount of ours: asked by a child process, because a stat(2)
 * that hangs must not hang the daemon, and because {@code Files.exists} says false for a mount that
 * is dead.
 */
public enum PathState {
  MISSING,
  DIRECTORY,
  FILE,
  BLOCK_DEVICE,
  OTHER,
  /** There is a mount whose device is gone or answers errors. */
  CORRUPTED;

  /** Texts of ENOTCONN, ESTALE, EIO, EHOSTDOWN, ENODEV in the C locale. */
  private static final List<String> CORRUPTED_TEXTS =
      List.of(
          "Transport endpoint is not connected",
          "Stale file handle",
          "Input/output error",
          "Host is down",
          "No such device",
          "Structure needs cleaning");

  private static final List<String> MISSING_TEXTS =
      List.of("No such file or directory", "Not a directory");

  /**
   * @throws IOException if it cannot be told, a time limit included
   */
  public static PathState of(Duration limit, Path path) throws IOException {
    List<String> command = List.of("env", "LC_ALL=C", "stat", "-c", "%F", "--", path.toString());
    ChildProcess.Result result = ChildProcess.run(limit, command);
    if (result.isOk()) {
      return ofKind(result.output().strip());
    }
    String said = result.said();
    if (MISSING_TEXTS.stream().anyMatch(said::contains)) {
      return MISSING;
    }
    if (CORRUPTED_TEXTS.stream().anyMatch(said::contains)) {
      return CORRUPTED;
    }
    throw ChildProcess.failure(command, result);
  }

  private static PathState ofKind(String kind) {
    return switch (kind) {
      case "directory" -> DIRECTORY;
      case "regular file", "regular empty file" -> FILE;
      case "block special file" -> BLOCK_DEVICE;
      default -> OTHER;
    };
  }
}
