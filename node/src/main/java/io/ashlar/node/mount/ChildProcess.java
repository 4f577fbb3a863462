package io.ashlar.node.mount;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a short-lived tool with a time limit. The child has none of our descriptors (the JDK closes
 * them before exec), reads from /dev/null, and is killed when the daemon dies (PR_SET_PDEATHSIG):
 * the next daemon decides anew, and must not meet a mkfs that nobody waits for any more.
 *
 * <p>A child that hangs in the kernel does not die when it is killed. It is not waited for: its
 * output threads are daemons, and the kernel ends it when the device answers or is aborted.
 */
public final class ChildProcess {
  private static final Logger log = LoggerFactory.getLogger(ChildProcess.class);
  private static final int OUTPUT_BYTES_MAX = 64 << 10;
  private static final long DRAIN_MILLIS = 2_000;
  private static final long BUSY_MILLIS = 10_000;
  private static final long BUSY_POLL_MILLIS = 200;
  private static final File NULL = new File("/dev/null");
  private static final List<String> DIES_WITH_US = List.of("setpriv", "--pdeathsig", "KILL", "--");

  /**
   * Starts all children: the kernel means the thread that forked when it says parent, so that one
   * has to live as long as the process.
   */
  private static final ExecutorService STARTER =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("child-starter").factory());

  /** How a child ended. */
  public record Result(int exitCode, String output, String errors) {
    public boolean isOk() {
      return exitCode == 0;
    }

    /** What it said, in one line, errors first. */
    public String said() {
      String text = (errors.isBlank() ? output : errors).strip();
      return text.lines().limit(4).map(String::strip).reduce((a, b) -> a + "; " + b).orElse("");
    }
  }

  /** Reads a child's output; runs on a thread of its own. */
  public interface OutputReader {
    void read(InputStream output) throws IOException;
  }

  private ChildProcess() {}

  /**
   * Runs a command to its end.
   *
   * @throws CommandException if its time was over
   * @throws IOException if it cannot be started
   */
  public static Result run(Duration limit, List<String> command) throws IOException {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    return run(limit, command, stream -> copy(stream, output), output);
  }

  /** As {@link #run(Duration, List)}; the output goes to the reader and is not kept. */
  public static Result stream(Duration limit, List<String> command, OutputReader reader)
      throws IOException {
    return run(limit, command, reader, new ByteArrayOutputStream());
  }

  /**
   * Runs a command that must succeed.
   *
   * @throws CommandException if it does not
   */
  public static Result require(Duration limit, List<String> command) throws IOException {
    Result result = run(limit, command);
    if (!result.isOk()) {
      throw failure(command, result);
    }
    return result;
  }

  /**
   * As {@link #run}, for a tool that wants a device for itself. It may find it in use for a moment,
   * by a tool that dies with the daemon's former life and is held up in the kernel.
   *
   * @throws CommandException {@link CommandException#busy} if that does not end
   */
  public static Result exclusive(Duration limit, List<String> command) throws IOException {
    long until = System.nanoTime() + BUSY_MILLIS * 1_000_000;
    Result result = run(limit, command);
    while (isBusy(result)) {
      if (System.nanoTime() > until) {
        throw new CommandException(
            "'%s': the device is in use: %s".formatted(String.join(" ", command), result.said()),
            result.exitCode(),
            true);
      }
      pause(command);
      result = run(limit, command);
    }
    return result;
  }

  private static boolean isBusy(Result result) {
    String said = result.errors() + result.output();
    return !result.isOk()
        && (said.contains("busy")
            || said.contains("is in use")
            || said.contains("apparently in use"));
  }

  private static void pause(List<String> command) throws IOException {
    try {
      Thread.sleep(BUSY_POLL_MILLIS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted before '" + command.getFirst() + "' ran", interrupted);
    }
  }

  public static CommandException failure(List<String> command, Result result) {
    String text =
        "'%s' ended with %d: %s"
            .formatted(String.join(" ", command), result.exitCode(), result.said());
    return new CommandException(text, result.exitCode());
  }

  private static Result run(
      Duration limit, List<String> command, OutputReader reader, ByteArrayOutputStream output)
      throws IOException {
    Process process = start(command);
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    Thread outputThread = drain(command, process.getInputStream(), reader);
    Thread errorThread = drain(command, process.getErrorStream(), in -> copy(in, errors));
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new CommandException(
            "'%s' did not end within %s".formatted(String.join(" ", command), limit),
            CommandException.TIMED_OUT);
      }
      outputThread.join(DRAIN_MILLIS);
      errorThread.join(DRAIN_MILLIS);
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while '" + command.getFirst() + "' ran", interrupted);
    }
    log.debug("child command={} exit={}", command, process.exitValue());
    return new Result(process.exitValue(), text(output), text(errors));
  }

  private static Process start(List<String> command) throws IOException {
    List<String> all = new ArrayList<>(DIES_WITH_US);
    all.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(all).redirectInput(ProcessBuilder.Redirect.from(NULL));
    builder.environment().put("LC_ALL", "C");
    try {
      return STARTER.submit(builder::start).get();
    } catch (ExecutionException failed) {
      throw new IOException("cannot start " + command.getFirst(), failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted before '" + command.getFirst() + "' ran", interrupted);
    }
  }

  private static Thread drain(List<String> command, InputStream stream, OutputReader reader) {
    return Thread.ofPlatform()
        .name("child-" + command.getFirst())
        .daemon()
        .start(
            () -> {
              try (stream) {
                reader.read(stream);
              } catch (IOException closed) {
                log.debug("output of a child ended command={}", command, closed);
              }
            });
  }

  private static void copy(InputStream from, ByteArrayOutputStream to) throws IOException {
    byte[] part = new byte[4096];
    for (int count = from.read(part); count >= 0; count = from.read(part)) {
      synchronized (to) {
        if (to.size() < OUTPUT_BYTES_MAX) {
          to.write(part, 0, count);
        }
      }
    }
  }

  private static String text(ByteArrayOutputStream bytes) {
    synchronized (bytes) {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }
}
