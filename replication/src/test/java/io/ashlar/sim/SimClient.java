package io.ashlar.sim;

import static io.ashlar.model.Blocks.BLOCK_BYTES;
import static io.ashlar.model.Blocks.EXTENT_BLOCKS;

import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.Payload;
import io.ashlar.runtime.VolumeCoordinator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A program on the node where the volume is attached: random reads, writes, trims, zeroes and
 * flushes, a few at a time, all noted in the history. Every write has a stamp of its own, repeated
 * all over each block, so that a torn or mixed block shows.
 */
final class SimClient {
  private static final int PARTIAL_BYTES = 512;

  /** Of a hundred requests the first ones are writes, then reads, then the rest. */
  private static final int FIRST_READ = 45;

  private final SimCluster cluster;
  private final SimNode node;
  private final VolumeCoordinator device;
  private final SimRng rng;
  private final long session;
  private final long life;
  private boolean gone;
  private int outstanding;

  /** Which loop the request that is being submitted belongs to. */
  private boolean readsOnly;

  SimClient(SimCluster cluster, SimNode node, VolumeCoordinator device, SimRng rng) {
    this.cluster = cluster;
    this.node = node;
    this.device = device;
    this.rng = rng;
    this.life = node.life();
    this.session = device.openSession();
    for (int i = 0; i < cluster.options().concurrency(); i++) {
      next(false);
    }
    next(true);
  }

  /** Requests without an answer stay without one. */
  void deviceGone() {
    gone = true;
  }

  int outstanding() {
    return outstanding;
  }

  /** One of the client's loops goes on; the one that only reads is never stuck behind a write. */
  private void next(boolean readsOnly) {
    long pause = rng.between(0, cluster.options().thinkNanosMax());
    cluster.events().after(pause, () -> node.run(life, () -> submitOne(readsOnly)));
  }

  private void submitOne(boolean readsOnly) {
    if (gone || !cluster.loadOn()) {
      return;
    }
    this.readsOnly = readsOnly;
    int kind = readsOnly ? FIRST_READ : rng.nextInt(100);
    if (kind < FIRST_READ) {
      write();
    } else if (kind < 85) {
      read();
    } else if (kind < 92) {
      range(kind < 89 ? Kind.TRIM : Kind.ZERO);
    } else {
      flush();
    }
  }

  private long pickBlock() {
    boolean hot = cluster.options().hotSpots() && !rng.oneIn(20);
    return hot
        ? cluster.hotExtent() * EXTENT_BLOCKS + rng.nextInt(EXTENT_BLOCKS)
        : rng.nextInt(cluster.options().blocks());
  }

  private int pickCount(long first) {
    int most = (int) Math.min(8, cluster.options().blocks() - first);
    return 1 + (rng.oneIn(3) ? rng.nextInt(most) : 0);
  }

  private void write() {
    long first = pickBlock();
    int count = pickCount(first);
    long stamp = cluster.nextStamp();
    Payload data = cluster.pool().lease(count * BLOCK_BYTES);
    ByteBuffer bytes = data.view();
    while (bytes.hasRemaining()) {
      bytes.putLong(stamp);
    }
    List<History.Op> ops = begin(first, count, stamp);
    boolean fua = rng.oneIn(20);
    Optional<Integer> crc = Optional.of(crc(data));
    submit(
        Kind.WRITE,
        first,
        count,
        fua,
        data,
        (status, ignored) -> {
          written(ops, status);
          if (status == Status.OK && !fua) {
            acknowledged(first, count, true, crc);
          }
        });
  }

  private static int crc(Payload data) {
    CRC32C crc = new CRC32C();
    crc.update(data.view(0, BLOCK_BYTES));
    return (int) crc.getValue();
  }

  /**
   * The write has just been acknowledged, so no later one has begun on these blocks, unless another
   * coordinator has taken over meanwhile.
   */
  private void acknowledged(long first, int count, boolean data, Optional<Integer> crc) {
    if (cluster.records().view().membership().names(device.self().instance())) {
      cluster.checks().acknowledged(first, count, data, crc);
    }
  }

  private List<History.Op> begin(long first, int count, long stamp) {
    List<History.Op> ops = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ops.add(cluster.history().writeBegan(first + i, stamp, cluster.events().now()));
    }
    return ops;
  }

  private void written(List<History.Op> ops, Status status) {
    switch (status) {
      case OK -> {
        ops.forEach(op -> op.end = cluster.events().now());
        cluster.summary().writes++;
      }
      case NO_SPACE -> {
        cluster.summary().noSpace++;
        ops.forEach(op -> op.dropped = cluster.options().partsFailWhole());
      }
      case IO_ERROR, INVALID -> throw new SimFailure("a write was answered " + status);
      case SHUT_DOWN -> {}
    }
  }

  private void range(Kind kind) {
    long first = pickBlock();
    int count = pickCount(first);
    List<History.Op> ops = begin(first, count, 0);
    submit(
        kind,
        first,
        count,
        false,
        null,
        (status, ignored) -> {
          written(ops, status);
          if (status == Status.OK) {
            acknowledged(first, count, false, Optional.empty());
          }
        });
  }

  private void read() {
    long first = pickBlock();
    int count = pickCount(first);
    long start = cluster.events().now();
    submit(
        Kind.READ,
        first,
        count,
        false,
        null,
        (status, data) -> {
          if (status == Status.OK) {
            note(first, count, start, data);
            data.release();
            cluster.summary().reads++;
          } else if (status != Status.SHUT_DOWN) {
            throw new SimFailure("a read was answered " + status);
          }
        });
  }

  private void note(long first, int count, long start, Payload data) {
    for (int i = 0; i < count; i++) {
      ByteBuffer block = data.view(i * BLOCK_BYTES, BLOCK_BYTES);
      long stamp = block.getLong(0);
      for (int at = 0; at < BLOCK_BYTES; at += PARTIAL_BYTES) {
        if (block.getLong(at) != stamp) {
          throw new SimFailure(
              "block " + (first + i) + " holds " + stamp + " and " + block.getLong(at));
        }
      }
      cluster.history().readDone(first + i, stamp, start, cluster.events().now());
    }
  }

  private void flush() {
    submit(
        Kind.FLUSH,
        0,
        0,
        false,
        null,
        (status, ignored) -> {
          if (status == Status.OK) {
            cluster.summary().flushes++;
          }
        });
  }

  private void submit(
      Kind kind, long first, int count, boolean fua, Payload data, BlockRequest.Completion done) {
    outstanding++;
    boolean loop = readsOnly;
    device.submit(
        session,
        new BlockRequest(
            kind,
            first * BLOCK_BYTES,
            (long) count * BLOCK_BYTES,
            fua,
            data,
            (status, payload) -> {
              outstanding--;
              if (gone) {
                if (payload != null) {
                  payload.release();
                }
                return;
              }
              done.done(status, payload);
              if (status == Status.SHUT_DOWN) {
                gone = true;
              } else {
                next(loop);
              }
            }));
  }
}
