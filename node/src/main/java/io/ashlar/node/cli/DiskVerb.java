package io.ashlar.node.cli;

import io.ashlar.control.v1.AddDiskRequest;
import io.ashlar.control.v1.Disk;
import io.ashlar.control.v1.DisksGrpc.DisksBlockingStub;
import io.ashlar.control.v1.DrainDiskRequest;
import io.ashlar.control.v1.ListDisksRequest;
import io.ashlar.control.v1.RemoveDiskRequest;
import io.ashlar.node.ByteSizes;
import io.grpc.StatusRuntimeException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A verb about the disks that the node daemon of this machine uses. Exit codes: 0 done, 1 not. */
abstract class DiskVerb implements Callable<Integer> {
  @Option(
      names = "--socket",
      defaultValue = "/var/lib/ashlar/node/admin.sock",
      description = "Of the node daemon, in its state directory. Default: ${DEFAULT-VALUE}.")
  private Path socket;

  @Spec private CommandSpec spec;

  /** Asks the daemon, and prints. */
  abstract void run(DisksBlockingStub node, PrintWriter out) throws InterruptedException;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try (DiskClient client = new DiskClient(socket.toAbsolutePath())) {
      try {
        run(client.disks(), out);
        return 0;
      } catch (StatusRuntimeException failed) {
        spec.commandLine().getErr().println(client.reason(failed));
        return 1;
      }
    } finally {
      out.flush();
    }
  }

  /** Prints the disks. */
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists the disks of this node, and those that it found and does not use.")
  static final class Listing extends DiskVerb {
    @Override
    void run(DisksBlockingStub node, PrintWriter out) {
      List<Disk> disks = node.list(ListDisksRequest.getDefaultInstance()).getDisksList();
      out.printf("%-16s  %-9s %9s %9s %6s  %s%n", "ID", "STATE", "SIZE", "FREE", "SHARDS", "PATH");
      disks.forEach(disk -> out.println(row(disk)));
    }

    private static String row(Disk disk) {
      boolean used = !disk.getDiskId().isEmpty();
      String row =
          "%-16s  %-9s %9s %9s %6s  %s"
              .formatted(
                  used ? disk.getDiskId() : "-",
                  state(disk),
                  used ? size(disk.getTotalBytes()) : "-",
                  used ? size(disk.getFreeBytes()) : "-",
                  used ? disk.getShards() : "-",
                  disk.getPath());
      return disk.getDetail().isEmpty() ? row : row + "  (" + disk.getDetail() + ")";
    }

    private static String size(long bytes) {
      return "%.1f GiB".formatted(bytes / (double) (1L << 30));
    }
  }

  private static String state(Disk disk) {
    return disk.getState().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Takes a disk into use. */
  @Command(
      name = "add",
      mixinStandardHelpOptions = true,
      description = {
        "Takes a device or a file into use, now and whenever the node daemon starts.",
        "It has to be blank, or one that was removed from this node."
      })
  static final class Add extends DiskVerb {
    @Parameters(paramLabel = "PATH", description = "The device or file.")
    private Path path;

    @Option(names = "--size", description = "Make a file of this size if there is none, as in 10G.")
    private String size;

    @Option(names = "--erase", description = "Use it whatever is on it: all of that is lost.")
    private boolean erase;

    @Override
    void run(DisksBlockingStub node, PrintWriter out) {
      Disk disk =
          node.add(
              AddDiskRequest.newBuilder()
                  .setPath(path.toAbsolutePath().normalize().toString())
                  .setFileBytes(size == null ? 0 : ByteSizes.parse(size))
                  .setErase(erase)
                  .build());
      out.println("disk " + disk.getDiskId() + " is in use");
    }
  }

  /** Moves everything off a disk. */
  @Command(
      name = "drain",
      mixinStandardHelpOptions = true,
      description = "Moves everything off a disk to this node's others, in use, and waits for it.")
  static final class Drain extends DiskVerb {
    private static final long POLL_MILLIS = 500;

    @Parameters(paramLabel = "ID", description = "Of the disk, as list shows it.")
    private String id;

    @Option(names = "--no-wait", description = "Only order it; list tells how far it is.")
    private boolean noWait;

    @Option(names = "--cancel", description = "End a drain instead, and use the disk again.")
    private boolean cancel;

    @Override
    void run(DisksBlockingStub node, PrintWriter out) throws InterruptedException {
      Disk disk = node.drain(DrainDiskRequest.newBuilder().setDiskId(id).setCancel(cancel).build());
      String told = "";
      while (!noWait && disk.getState() == Disk.State.DRAINING) {
        String now = left(disk);
        if (!now.equals(told)) {
          out.println(now);
          out.flush();
          told = now;
        }
        Thread.sleep(POLL_MILLIS);
        disk = again(node, disk);
      }
      out.println("disk " + id + " is " + state(disk));
    }

    private static String left(Disk disk) {
      String left = disk.getShards() + " shards left";
      return disk.getDetail().isEmpty() ? left : left + ": " + disk.getDetail();
    }

    /** The disk as it is now; FAILED if it is not there any more. */
    private Disk again(DisksBlockingStub node, Disk last) {
      return node
          .withDeadlineAfter(java.time.Duration.ofMinutes(1))
          .list(ListDisksRequest.getDefaultInstance())
          .getDisksList()
          .stream()
          .filter(disk -> disk.getDiskId().equals(id))
          .findFirst()
          .orElse(last.toBuilder().setState(Disk.State.FAILED).build());
    }
  }

  /** Takes a disk out of use. */
  @Command(
      name = "remove",
      mixinStandardHelpOptions = true,
      description = {
        "Takes a disk out of use, now and whenever the node daemon starts.",
        "It has to be drained, or to have failed."
      })
  static final class Remove extends DiskVerb {
    @Parameters(paramLabel = "ID", description = "Of the disk, as list shows it.")
    private String id;

    @Override
    void run(DisksBlockingStub node, PrintWriter out) {
      var _ = node.remove(RemoveDiskRequest.newBuilder().setDiskId(id).build());
      out.println("disk " + id + " is out of use");
    }
  }
}
