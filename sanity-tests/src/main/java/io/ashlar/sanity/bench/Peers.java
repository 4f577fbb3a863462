package io.ashlar.sanity.bench;

import static io.ashlar.sanity.cluster.Report.say;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * What a user could take instead without modules of the kernel: nbdkit on a file, through the page
 * cache; qemu-nbd on a file, past it; and qemu's quorum of three files. Each is a process that ends
 * with this.
 */
final class Peers implements AutoCloseable {
  private static final long START_SECONDS = 10;
  private static final int POLL_MILLIS = 20;

  /** io_uring, or what qemu can where the kernel does not allow that. */
  private static final List<String> ENGINES = List.of("io_uring", "native");

  private final Path folder;
  private final long sizeBytes;
  private final List<Process> processes = new ArrayList<>();

  Peers(Path folder, long sizeBytes) throws IOException {
    this.folder = Files.createDirectories(folder);
    this.sizeBytes = sizeBytes;
  }

  Target nbdkit() throws IOException, InterruptedException {
    return served(
        "nbdkit (page cache)",
        "",
        socket -> List.of("nbdkit", "-f", "-U", socket, "file", file("nbdkit")));
  }

  /** Has no data and does nothing: what is left is the price of NBD. */
  Target nothing() throws IOException, InterruptedException {
    return served(
        "nbdkit null (NBD alone)",
        "",
        socket -> List.of("nbdkit", "-f", "-U", socket, "null", Long.toString(sizeBytes)));
  }

  Target qemuNbd() throws IOException, InterruptedException {
    return withBestEngine(
        "qemu-nbd",
        "",
        (engine, socket) ->
            List.of(
                "qemu-nbd",
                "--format=raw",
                "--cache=none",
                "--aio=" + engine,
                "--persistent",
                "--socket=" + socket,
                file("qemu-nbd")));
  }

  /** Three files on one disk, as our three copies are here; two of three have to agree. */
  Target quorum() throws IOException, InterruptedException {
    return withBestEngine("qemu quorum of three", "quorum", this::quorumCommand);
  }

  private List<String> quorumCommand(String engine, String socket) {
    List<String> command = new ArrayList<>(List.of("qemu-storage-daemon"));
    StringBuilder children = new StringBuilder();
    for (int i = 0; i < 3; i++) {
      command.add("--blockdev");
      command.add(
          "driver=file,node-name=f%d,filename=%s,cache.direct=on,aio=%s"
              .formatted(i, file("quorum" + i), engine));
      children.append(",children.%d=f%d".formatted(i, i));
    }
    command.addAll(
        List.of(
            "--blockdev",
            "driver=quorum,node-name=quorum,vote-threshold=2" + children,
            "--nbd-server",
            "addr.type=unix,addr.path=" + socket,
            "--export",
            "type=nbd,id=e,node-name=quorum,name=quorum,writable=on"));
    return command;
  }

  private interface EngineCommand {
    List<String> of(String engine, String socket);
  }

  private Target withBestEngine(String name, String export, EngineCommand command)
      throws IOException, InterruptedException {
    IOException refused = null;
    for (String engine : ENGINES) {
      try {
        return served(name + " (" + engine + ")", export, socket -> command.of(engine, socket));
      } catch (IOException failed) {
        say(name + " cannot use " + engine + ": " + failed.getMessage());
        refused = failed;
      }
    }
    throw refused;
  }

  private Target served(String name, String export, Function<String, List<String>> command)
      throws IOException, InterruptedException {
    Path socket = folder.resolve(processes.size() + ".sock");
    Path log = folder.resolve(processes.size() + ".log");
    Process process =
        new ProcessBuilder(command.apply(socket.toString()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    processes.add(process);
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!Files.exists(socket)) {
      if (!process.isAlive() || System.nanoTime() > until) {
        throw new IOException(name + " does not start: " + Files.readString(log).strip());
      }
      Thread.sleep(POLL_MILLIS);
    }
    return Target.nbd(name, "nbd+unix:///" + export + "?socket=" + socket, List.of(process.pid()));
  }

  /** Of the size that is measured, with nothing in it yet. */
  private String file(String name) {
    Path path = folder.resolve(name + ".raw");
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(sizeBytes);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return path.toString();
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
  }
}
