package io.ashlar.node.frontend.fuse.holder;

import io.ashlar.guard.RareLog;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.Held;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.HeldKey;
import io.ashlar.sys.FdSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps descriptors for whoever may open its socket, that is root. It reads nothing from them and
 * knows nothing about them. A thread for each connection, one lock for the table.
 */
public final class Holder implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Holder.class);
  private static final RareLog rare = new RareLog(log);

  private static final long PAUSE_MILLIS = 100;

  private record Kept(Held held, List<Integer> descriptors) {}

  private final FdSocket listener;
  private final Map<HeldKey, Kept> table = new LinkedHashMap<>();
  private final Set<FdSocket> connections = ConcurrentHashMap.newKeySet();
  private final Places<FdSocket> places = new Places<>(Holder::crowdedOut, System::nanoTime);
  private volatile boolean closed;

  /**
   * Binds the socket; the file of a holder that died is replaced.
   *
   * @throws IOException if another holder lives there
   */
  public Holder(Path socket) throws IOException {
    removeStale(socket);
    listener = FdSocket.listen(socket);
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
  }

  private static void removeStale(Path socket) throws IOException {
    if (!Files.exists(socket)) {
      return;
    }
    try (FdSocket _ = FdSocket.connect(socket)) {
      throw new IllegalStateException(socket + " is in use: another holder answers");
    } catch (IOException nobodyThere) {
      Files.delete(socket);
    }
  }

  /** Serves until {@link #close}; nothing that a client does may end it. */
  public void serve() {
    while (!closed) {
      try {
        admit(listener.accept());
      } catch (IOException e) {
        if (!closed) {
          rare.warn("not_accepted", "event=not_accepted reason=\"{}\"", e.getMessage());
          pause();
        }
      }
    }
    log.info("event=holder_ends");
  }

  private void admit(FdSocket connection) {
    try {
      if (!places.enter()) {
        refused("all places are taken");
        connection.close();
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      connection.close();
      return;
    }
    connections.add(connection);
    Thread.ofPlatform().name("holder-connection").daemon().start(() -> serve(connection));
  }

  /** Its thread sees the end and closes it. */
  private static void crowdedOut(FdSocket connection) {
    refused("too many connections that say nothing");
    connection.shutdown();
  }

  private static void refused(String reason) {
    rare.warn(reason, "event=connection_refused peer=unix reason=\"{}\"", reason);
  }

  /** Too many open files, or a like trouble, which another moment may cure. */
  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(FdSocket connection) {
    boolean watching = false;
    try (connection) {
      for (FdSocket.Message message = next(connection, watching);
          message != null;
          message = next(connection, watching)) {
        watching |= answer(connection, message, watching);
      }
    } catch (IOException lost) {
      rare.warn(
          "connection_lost", "event=connection_lost peer=unix reason=\"{}\"", lost.getMessage());
    } finally {
      connections.remove(connection);
      places.leave(connection, watching);
    }
  }

  private FdSocket.Message next(FdSocket connection, boolean watching) throws IOException {
    if (watching) {
      return connection.receive();
    }
    places.idle(connection);
    try {
      return connection.receive();
    } finally {
      places.busy(connection);
    }
  }

  /** Says whether the connection has begun to watch. */
  private boolean answer(FdSocket connection, FdSocket.Message message, boolean watching)
      throws IOException {
    HolderMessage request;
    try {
      request = HolderMessage.decode(message.bytes());
    } catch (IOException garbage) {
      message.descriptors().forEach(FdSocket::closeDescriptor);
      throw garbage;
    }
    if (request.code() == HolderMessage.WATCH) {
      message.descriptors().forEach(FdSocket::closeDescriptor);
      boolean granted = watching || places.watch();
      int code = granted ? HolderMessage.OK : HolderMessage.REFUSED;
      connection.send(HolderMessage.of(code).encode(), List.of());
      return granted;
    }
    synchronized (table) {
      List<Integer> passed = new ArrayList<>();
      HolderMessage reply = execute(request, message.descriptors(), passed);
      connection.send(reply.encode(), passed);
    }
    return false;
  }

  private HolderMessage execute(
      HolderMessage request, List<Integer> received, List<Integer> passed) {
    boolean one = request.entries().size() == 1;
    if (request.code() == HolderMessage.HOLD && one && !received.isEmpty()) {
      return hold(request.entries().getFirst(), received);
    }
    received.forEach(FdSocket::closeDescriptor);
    if (request.code() == HolderMessage.TAKE && one) {
      return take(request.entries().getFirst().key(), passed);
    }
    if (request.code() == HolderMessage.DROP && one) {
      closeAll(table.remove(request.entries().getFirst().key()));
      return HolderMessage.of(HolderMessage.OK);
    }
    return switch (request.code()) {
      case HolderMessage.LIST ->
          new HolderMessage(HolderMessage.OK, table.values().stream().map(Kept::held).toList());
      default -> HolderMessage.of(HolderMessage.REFUSED);
    };
  }

  private HolderMessage hold(Held held, List<Integer> descriptors) {
    closeAll(table.put(held.key(), new Kept(held, descriptors)));
    log.info("held volume={} generation={}", held.key().volume(), held.key().generation());
    return HolderMessage.of(HolderMessage.OK);
  }

  private HolderMessage take(HeldKey key, List<Integer> passed) {
    Kept kept = table.get(key);
    if (kept == null) {
      return HolderMessage.of(HolderMessage.NOT_HELD);
    }
    passed.addAll(kept.descriptors());
    return new HolderMessage(HolderMessage.OK, List.of(kept.held()));
  }

  private static void closeAll(Kept kept) {
    if (kept != null) {
      log.info(
          "dropped volume={} generation={}",
          kept.held().key().volume(),
          kept.held().key().generation());
      kept.descriptors().forEach(FdSocket::closeDescriptor);
    }
  }

  @Override
  public void close() {
    closed = true;
    listener.shutdown();
    listener.close();
    connections.forEach(FdSocket::shutdown);
    synchronized (table) {
      table.values().forEach(Holder::closeAll);
      table.clear();
    }
  }
}
