package io.ashlar.sanity.kubernetes;

import io.ashlar.sanity.cluster.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** A test cluster: kubectl, helm, and its machines. */
final class Kube {
  /** Names of the machines that run pods. */
  static final List<String> NODES = List.of("worker1", "worker2", "worker3");

  private static final long COMMAND_SECONDS = 120;
  private static final long POLL_MILLIS = 200;

  private final Path top;
  private final Path dir;

  /**
   * @param top of the source tree
   * @param dir of the cluster
   */
  Kube(Path top, Path dir) {
    this.top = top;
    this.dir = dir;
  }

  /** A node's disk as the host sees it: {@code path} is absolute in the node, below /var. */
  Path onNode(String node, String path) {
    return dir.resolve(node).resolve(path.substring(1));
  }

  Path top() {
    return top;
  }

  String kubectl(String... arguments) throws IOException, InterruptedException {
    return Commands.run(COMMAND_SECONDS, command(dir.resolve("bin/kubectl").toString(), arguments));
  }

  String helm(String... arguments) throws IOException, InterruptedException {
    return Commands.run(COMMAND_SECONDS, command(dir.resolve("bin/helm").toString(), arguments));
  }

  /** A command of the test cluster's own script. */
  String machine(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                top.resolve("sanity-tests/kubernetes/cluster").toString(),
                arguments[0],
                "--dir",
                dir.toString()));
    command.addAll(List.of(arguments).subList(1, arguments.length));
    return Commands.run(COMMAND_SECONDS, command);
  }

  private static List<String> command(String program, String... arguments) {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(List.of(arguments));
    return command;
  }

  void apply(String yaml) throws IOException, InterruptedException {
    Path file = Files.createTempFile("ashlar-kubernetes", ".yaml");
    try {
      Files.writeString(file, yaml);
      kubectl("apply", "-f", file.toString());
    } finally {
      Files.delete(file);
    }
  }

  /** One field of an object; empty if the object or the field is not there. */
  String field(String object, String jsonPath) throws IOException, InterruptedException {
    return kubectl("get", object, "--ignore-not-found", "-o", "jsonpath={" + jsonPath + "}");
  }

  /** Names of pods with these labels. */
  List<String> pods(String selector) throws IOException, InterruptedException {
    return kubectl("get", "pods", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}")
        .lines()
        .flatMap(line -> List.of(line.split(" ")).stream())
        .filter(name -> !name.isEmpty())
        .toList();
  }

  /**
   * Polls until it is so.
   *
   * @return seconds it took
   * @throws IOException if it is not so in time
   */
  double await(String what, long seconds, Callable<Boolean> so)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    String last = "";
    while (true) {
      try {
        if (so.call()) {
          return (System.nanoTime() - start) / 1e9;
        }
      } catch (InterruptedException interrupted) {
        throw interrupted;
      } catch (Exception notYet) {
        last = ": " + notYet.getMessage();
      }
      if (System.nanoTime() - start > seconds * 1_000_000_000L) {
        throw new IOException("not within " + seconds + " s: " + what + last);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }
}
