package io.ashlar.node.cli;

import io.ashlar.block.AlignedPool;
import io.ashlar.disk.DiskImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code ashlar disk}: the data disks of this node. Exit codes: 0 done, 1 not done (inspect:
 * damaged or not to be opened), 2 wrong usage.
 */
@Command(
    name = "ashlar disk",
    mixinStandardHelpOptions = true,
    description = "The data disks of this node.",
    subcommands = {
      DiskVerb.Listing.class,
      DiskVerb.Add.class,
      DiskVerb.Drain.class,
      DiskVerb.Remove.class,
      DiskMain.Inspect.class
    })
public final class DiskMain {
  private DiskMain() {}

  public static void main(String[] args) {
    System.exit(new CommandLine(new DiskMain()).execute(args));
  }

  /** Prints what is on a disk, and checks it. */
  @Command(
      name = "inspect",
      mixinStandardHelpOptions = true,
      description = {
        "Prints superblocks, segments, replicas and shards of a data disk, and verifies all"
            + " checksums.",
        "Changes nothing. A disk that a node daemon uses meanwhile may seem damaged."
      })
  static final class Inspect implements Callable<Integer> {
    private static final long KEPT_BYTES = 16L << 20;

    @Parameters(paramLabel = "FILE", description = "The file or device.")
    private Path file;

    @Option(names = "--quick", description = "Do not read the data itself.")
    private boolean quick;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      try {
        boolean whole = DiskImage.inspect(file, new AlignedPool(KEPT_BYTES), !quick, out::println);
        return whole ? 0 : 1;
      } catch (IOException | IllegalArgumentException refused) {
        spec.commandLine().getErr().println(file + ": " + reason(refused));
        return 1;
      } finally {
        out.flush();
      }
    }

    private static String reason(Exception refused) {
      String message = refused.getMessage();
      return refused instanceof java.nio.file.NoSuchFileException
          ? "there is no such file"
          : message;
    }
  }
}
