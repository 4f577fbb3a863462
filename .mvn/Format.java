import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs google-java-format over the sources of one module: {@code Format.java check|write MODULE_DIR}.
 *
 * <p>A source launcher program and not a Maven plugin, because the formatter has to run in the JDK
 * that the build selected; Maven's own JVM may be too old for the syntax.
 */
final class Format {
  public static void main(String[] args) throws Exception {
    boolean write = args[0].equals("write");
    List<String> files = new ArrayList<>();
    for (String root : List.of("src/main/java", "src/test/java")) {
      collect(Path.of(args[1], root), files);
    }
    if (files.isEmpty()) {
      return;
    }
    List<String> arguments =
        new ArrayList<>(
            write ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    arguments.addAll(files);
    Class<?> formatter = Class.forName("com.google.googlejavaformat.java.Main");
    try {
      formatter.getMethod("main", String[].class).invoke(null, (Object) arguments.toArray(String[]::new));
    } finally {
      if (!write) {
        System.err.flush();
      }
    }
  }

  private static void collect(Path root, List<String> files) throws IOException {
    if (!Files.isDirectory(root)) {
      return;
    }
    try (Stream<Path> walk = Files.walk(root)) {
      walk.filter(path -> path.toString().endsWith(".java")).map(Path::toString).sorted().forEach(files::add);
    }
  }
}
