package io.ashlar.node.frontend.fuse.holder;

import io.ashlar.sys.FdSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's side. Watches the holder and hands everything to a new one when it was restarted: a
 * device then survives the loss of either process, though not of both at once.
 *
 * <p>Any thread; calls wait for a holder that is just being started.
 */
public final class HolderClient implements DescriptorKeeper, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HolderClient.class);
  private static final long RETRY_MILLIS = 100;

  private record Ours(Held held, List<Integer> descriptors) {}

  private final Path socket;
  private final Duration patience;
  private final Map<HeldKey, Ours> ours = new LinkedHashMap<>();
  private final Thread watcher;
  private volatile boolean closed;
  private volatile FdSocket watched;

  /**
   * Starts to watch.
   *
   * @param patience how long a call waits for a holder that is not there
   */
  public HolderClient(Path socket, Duration patience) {
    this.socket = socket;
    this.patience = patience;
    this.watcher = Thread.ofPlatform().name("holder-watch").daemon().start(this::watch);
  }

  /** The descriptors must stay open in this process until {@link #drop}. */
  @Override
  public synchronized void hold(Held held, List<Integer> descriptors) throws IOException {
    call(HolderMessage.request(HolderMessage.HOLD, held), descriptors);
    ours.put(held.key(), new Ours(held, List.copyOf(descriptors)));
  }

  @Override
  public synchronized List<Held> list() throws IOException {
    return decoded(call(HolderMessage.of(HolderMessage.LIST), List.of())).entries();
  }

  @Override
  public synchronized List<Integer> take(HeldKey key) throws IOException {
    FdSocket.Message answer = call(HolderMessage.request(HolderMessage.TAKE, key), List.of());
    HolderMessage reply = decoded(answer);
    if (reply.code() != HolderMessage.OK || reply.entries().isEmpty()) {
      answer.descriptors().forEach(FdSocket::closeDescriptor);
      throw new IOException("the holder does not hold " + key);
    }
    ours.put(key, new Ours(reply.entries().getFirst(), answer.descriptors()));
    return answer.descriptors();
  }

  @Override
  public synchronized void drop(HeldKey key) throws IOException {
    ours.remove(key);
    call(HolderMessage.request(HolderMessage.DROP, key), List.of());
  }

  private static HolderMessage decoded(FdSocket.Message answer) throws IOException {
    return HolderMessage.decode(answer.bytes());
  }

  /** One connection a call: calls are rare, and a broken connection then spoils only one. */
  private FdSocket.Message call(HolderMessage request, List<Integer> descriptors)
      throws IOException {
    long endNanos = System.nanoTime() + patience.toNanos();
    while (true) {
      try (FdSocket connection = FdSocket.connect(socket)) {
        connection.send(request.encode(), descriptors);
        FdSocket.Message answer = connection.receive();
        if (answer == null) {
          throw new IOException("the holder closed the connection");
        }
        return answer;
      } catch (IOException notThere) {
        if (closed || System.nanoTime() > endNanos) {
          throw new IOException("device holder at " + socket + " does not answer", notThere);
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the device holder", interrupted);
    }
  }

  private void watch() {
    boolean lost = false;
    while (!closed) {
      try (FdSocket connection = FdSocket.connect(socket)) {
        watched = connection;
        askToWatch(connection);
        if (lost) {
          handOver();
        }
        // Nothing is ever sent to us here: this returns when the holder has died.
        connection.receive();
        lost = true;
        if (!closed) {
          log.warn("device holder lost socket={}", socket);
        }
      } catch (IOException notThere) {
        lost = true;
        sleepQuietly();
      } finally {
        watched = null;
      }
    }
  }

  /** Otherwise the holder would take us for one of those that say nothing. */
  private static void askToWatch(FdSocket connection) throws IOException {
    connection.send(HolderMessage.of(HolderMessage.WATCH).encode(), List.of());
    FdSocket.Message answer = connection.receive();
    if (answer == null || decoded(answer).code() != HolderMessage.OK) {
      throw new IOException("the holder has no place for one more that watches");
    }
  }

  private synchronized void handOver() throws IOException {
    for (Ours each : ours.values()) {
      call(HolderMessage.request(HolderMessage.HOLD, each.held()), each.descriptors());
    }
    log.info("devices handed to a new holder count={}", ours.size());
  }

  private static void sleepQuietly() {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops watching; what is held stays held. */
  @Override
  public void close() {
    closed = true;
    watcher.interrupt();
    FdSocket connection = watched;
    if (connection != null) {
      connection.shutdown();
    }
  }
}
