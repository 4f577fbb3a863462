package io.ashlar.node.pool;

import io.ashlar.node.disk.DiskOrders;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** The orders that are in force, as they are in the file. Any thread. */
final class OrderBook {
  private final Path file;
  private DiskOrders now;

  private OrderBook(Path file, DiskOrders now) {
    this.file = file;
    this.now = now;
  }

  /**
   * Reads the file. Blocking.
   *
   * @throws DiskOrdersDamagedException if it is not what was written
   */
  static OrderBook open(Path file) throws IOException {
    return new OrderBook(file, DiskOrders.read(file));
  }

  synchronized DiskOrders now() {
    return now;
  }

  /** Changes them, durably. Blocking; if it fails they stay as they are. */
  synchronized void change(UnaryOperator<DiskOrders> step) throws IOException {
    DiskOrders next = step.apply(now);
    if (!next.equals(now)) {
      next.write(file);
      now = next;
    }
  }
}
