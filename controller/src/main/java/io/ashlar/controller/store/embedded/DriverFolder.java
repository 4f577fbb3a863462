package io.ashlar.controller.store.embedded;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the SQLite driver unpacks its native library. It deletes that at an orderly exit only: a
 * controller that is killed now and then would fill the machine's folder for temporary files, so it
 * gets one of its own that each start sweeps.
 */
final class DriverFolder {
  private static final String PROPERTY = "org.sqlite.tmpdir";

  private DriverFolder() {}

  /**
   * To be called before the driver is first used; a library that is in use already stays loaded.
   *
   * @throws IOException if the folder cannot be made or swept
   */
  static void use(Path folder) throws IOException {
    Files.createDirectories(folder);
    try (DirectoryStream<Path> old = Files.newDirectoryStream(folder, "sqlite-*")) {
      for (Path file : old) {
        Files.deleteIfExists(file);
      }
    }
    System.setProperty(PROPERTY, folder.toString());
  }
}
