package io.ashlar.sanity.badinput;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

/** A connection that never waits for ever, neither to write nor to read. */
final class Connection implements AutoCloseable {
  private static final long PATIENCE_MILLIS = 10_000;

  private final SocketChannel channel;
  private final Selector selector;

  private Connection(SocketChannel channel) throws IOException {
    this.channel = channel;
    channel.configureBlocking(false);
    selector = Selector.open();
  }

  static Connection open(SocketAddress address) throws IOException {
    SocketChannel channel =
        address instanceof UnixDomainSocketAddress
            ? SocketChannel.open(StandardProtocolFamily.UNIX)
            : SocketChannel.open();
    channel.connect(address);
    return new Connection(channel);
  }

  private boolean await(int operation, long millis) throws IOException {
    channel.register(selector, operation);
    selector.selectedKeys().clear();
    return selector.select(Math.max(1, millis)) > 0;
  }

  /** Writes all of it, or fails because the other side has closed or reads nothing any more. */
  void write(byte[] bytes) throws IOException {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    while (from.hasRemaining()) {
      if (channel.write(from) == 0 && !await(SelectionKey.OP_WRITE, PATIENCE_MILLIS)) {
        throw new IOException("the other side reads nothing any more");
      }
    }
  }

  /** Reads exactly this many bytes. */
  ByteBuffer read(int count) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(count);
    while (into.hasRemaining()) {
      int read = channel.read(into);
      if (read < 0) {
        throw new EOFException("closed after " + into.position() + " of " + count + " bytes");
      }
      if (read == 0 && !await(SelectionKey.OP_READ, PATIENCE_MILLIS)) {
        throw new IOException("no answer within " + PATIENCE_MILLIS + " ms");
      }
    }
    return into.flip();
  }

  /** Whether the other side ends the connection within this time; what it says is not looked at. */
  boolean isClosedWithin(double seconds) throws IOException {
    long until = System.nanoTime() + (long) (seconds * 1e9);
    ByteBuffer ignored = ByteBuffer.allocate(8192);
    do {
      int read;
      try {
        read = channel.read(ignored.clear());
      } catch (IOException reset) {
        return true;
      }
      if (read < 0) {
        return true;
      }
      if (read == 0) {
        await(SelectionKey.OP_READ, TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime()));
      }
    } while (System.nanoTime() < until);
    return false;
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }
}
