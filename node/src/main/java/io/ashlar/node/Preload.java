package io.ashlar.node;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads classes for the start that is recorded into an AOT cache (deploy/record). That one has no
 * controller, no peers and no volumes, and so would never touch what a real start needs most: TLS,
 * the control connections, the protocol. Nothing is run of them.
 */
final class Preload {
  /** Where the JVM has noted what a real start has loaded (-Xlog:class+load); may not exist. */
  static final String PROPERTY = "ashlar.preload";

  private static final Logger LOG = LoggerFactory.getLogger(Preload.class);
  private static final String OURS = "io/ashlar/";
  private static final String CLASS = ".class";

  private Preload() {}

  static boolean recording() {
    return System.getProperty(PROPERTY) != null;
  }

  /** Does nothing in any other start. */
  static void ifRecording() throws IOException {
    String list = System.getProperty(PROPERTY);
    if (list != null) {
      List<String> names = new ArrayList<>(ours(System.getProperty("java.class.path")));
      if (Files.isRegularFile(Path.of(list))) {
        names.addAll(listed(Files.readAllLines(Path.of(list))));
      }
      LOG.info("event=preloaded classes={} of={}", load(names), names.size());
    }
  }

  /** Names in lines like "java.lang.Object source: jrt:/java.base", made-up classes left out. */
  static List<String> listed(List<String> lines) {
    return lines.stream()
        .map(line -> line.strip().split(" ", 2)[0])
        .filter(name -> !name.isEmpty() && !name.contains("/") && !name.contains("$$"))
        .filter(name -> !name.contains("LambdaForm") && !name.startsWith("jdk.proxy"))
        .distinct()
        .toList();
  }

  private static List<String> ours(String classPath) throws IOException {
    List<String> names = new ArrayList<>();
    for (String entry : classPath.split(File.pathSeparator)) {
      if (entry.endsWith(".jar")) {
        try (JarFile jar = new JarFile(entry)) {
          jar.stream().forEach(file -> addOurs(names, file.getName()));
        }
      } else if (Files.isDirectory(Path.of(entry))) {
        Path folder = Path.of(entry);
        try (Stream<Path> files = Files.walk(folder)) {
          files.forEach(file -> addOurs(names, folder.relativize(file).toString()));
        }
      }
    }
    return names;
  }

  private static void addOurs(List<String> names, String file) {
    if (file.startsWith(OURS) && file.endsWith(CLASS) && !file.contains("-info")) {
      names.add(file.substring(0, file.length() - CLASS.length()).replace('/', '.'));
    }
  }

  private static int load(List<String> names) {
    int loaded = 0;
    for (String name : names) {
      try {
        Class.forName(name, false, Preload.class.getClassLoader());
        loaded++;
      } catch (ClassNotFoundException | LinkageError notHere) {
        // A class of the list that only another loader sees, or an optional part of a library.
      }
    }
    return loaded;
  }
}
