package io.ashlar.node.frontend.nbd;

import io.ashlar.block.AlignedPool;
import io.ashlar.net.DataLoop;
import io.ashlar.node.frontend.nbd.Exports.Export;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A server on a Unix socket with the exports {@code disk} and {@code readonly}, in memory. */
final class NbdFixture implements AutoCloseable {
  static final int SIZE_BYTES = 64 << 20;

  final DataLoop loop = new DataLoop("nbd-test");
  final AlignedPool pool = new AlignedPool(1 << 20);
  final MemoryDevice disk = new MemoryDevice(loop, pool, SIZE_BYTES);
  final Path socket;
  final NbdServer server;

  NbdFixture(Path folder) throws IOException {
    socket = folder.resolve("nbd.sock");
    server = new NbdServer(loop, pool, new Both());
    server.listen(socket);
  }

  NbdClient connect() throws IOException {
    return new NbdClient(socket);
  }

  /** A client in transmission, with simple replies. */
  NbdClient simple(String export) throws IOException {
    NbdClient client = connect();
    client.greet(Nbd.FIXED_NEWSTYLE | Nbd.NO_ZEROES);
    client.go(export);
    return client;
  }

  /** A client in transmission, with structured replies and base:allocation. */
  NbdClient structured(String export) throws IOException {
    NbdClient client = connect();
    client.greet(Nbd.FIXED_NEWSTYLE | Nbd.NO_ZEROES);
    client.negotiateStructured(export);
    client.go(export);
    return client;
  }

  <T> T onLoop(Callable<T> task) throws Exception {
    CompletableFuture<T> done = new CompletableFuture<>();
    loop.execute(
        () -> {
          try {
            done.complete(task.call());
          } catch (Exception e) {
            done.completeExceptionally(e);
          }
        });
    return done.get(10, TimeUnit.SECONDS);
  }

  /** Waits until the loop sees it so; false after ten seconds. */
  boolean eventually(BooleanSupplier condition) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (System.nanoTime() < until) {
      if (onLoop(condition::getAsBoolean)) {
        return true;
      }
      Thread.sleep(5);
    }
    return false;
  }

  @Override
  public void close() {
    loop.close();
  }

  private final class Both implements Exports {
    @Override
    public List<String> names() {
      return List.of("disk", "readonly");
    }

    @Override
    public Optional<Export> open(String name) {
      return names().contains(name)
          ? Optional.of(new Export(disk, name.equals("readonly")))
          : Optional.empty();
    }
  }
}
