package io.ashlar.node.frontend.nbd;

import io.ashlar.block.PayloadPool;
import io.ashlar.guard.RareLog;
import io.ashlar.node.frontend.nbd.Exports.Export;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection: feeds what the socket brings to the current {@link Phase}, no faster than that
 * one takes it and than the client reads the answers. Loop thread only.
 */
final class NbdConnection extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(NbdConnection.class);
  private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(15);
  private static final RareLog RARE = new RareLog(LOG);

  /** What the bytes of the connection mean at the moment. */
  interface Phase {
    /** Whether more bytes may be given now; if not, {@link #pump} is called once they may. */
    boolean ready();

    /** Consumes at least one byte, or ends the phase or the connection. */
    void take(ByteBuf in);

    /** Finishes what is in flight, refuses the rest, then closes. */
    void drain();

    /** Whether the client owes the rest of something that it has begun. */
    boolean owed();

    /** The connection is gone. */
    void lost();
  }

  private final Channel channel;

  /** As it was when the connection came; one that is closed cannot be asked. */
  private final SocketAddress peer;

  private final MemoryBudget budget;
  private final PayloadPool pool;
  private final BooleanSupplier introduced;
  private final Deque<ByteBuf> held = new ArrayDeque<>();
  private Phase phase;

  /** When the client last sent something, or took something of what it was sent. */
  private long progressAt = System.nanoTime();

  private boolean pumping;
  private boolean closed;

  /**
   * @param introduced asked when the client has chosen what to be served; says whether it may stay
   */
  NbdConnection(
      Channel channel,
      PayloadPool pool,
      MemoryBudget budget,
      Exports exports,
      BooleanSupplier introduced) {
    this.introduced = introduced;
    this.channel = channel;
    this.peer = channel.remoteAddress();
    this.budget = budget;
    this.pool = pool;
    this.phase = new Negotiation(this, channel, exports);
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    Negotiation.greet(channel);
  }

  /** From here on the bytes are requests for this export. */
  void transmit(Export export, boolean structured, boolean allocation) {
    if (!introduced.getAsBoolean()) {
      return;
    }
    Replies replies = new Replies(channel, structured);
    phase = new Transmission(this, replies, pool, budget, export, allocation);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (closed) {
      ((ByteBuf) message).release();
      return;
    }
    progressAt = System.nanoTime();
    held.add((ByteBuf) message);
    pump();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    progressAt = System.nanoTime();
    pump();
  }

  /** Sends away a client that has stopped in the middle of a request or reads no answers. */
  void checkProgress(long now) {
    if (closed || now - progressAt < STALL_NANOS) {
      return;
    }
    if (!channel.isWritable()) {
      refuse("it does not read its answers");
    } else if (phase.owed() && mayTake()) {
      refuse("half a request, and nothing more for 15 s");
    }
  }

  /** Goes on with what is held back, and reads on when nothing is. */
  void pump() {
    if (pumping) {
      return;
    }
    pumping = true;
    while (!closed && !held.isEmpty() && mayTake()) {
      ByteBuf head = held.peek();
      if (head.isReadable()) {
        phase.take(head);
      } else {
        held.remove().release();
      }
    }
    pumping = false;
    if (!closed) {
      channel.config().setAutoRead(held.isEmpty() && mayTake());
    }
  }

  private boolean mayTake() {
    return channel.isWritable() && phase.ready();
  }

  void drain() {
    phase.drain();
  }

  /** Closes at once; what is still in flight is answered into nothing. */
  void close() {
    closed = true;
    var _ = channel.close();
  }

  /** Closes after everything that was written has left. */
  void closeAfterReplies() {
    closed = true;
    var _ = channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /** The client broke the protocol in a way after which its bytes mean nothing. */
  void violated(String problem) {
    warn("nbd_protocol_violation", "", problem);
    close();
  }

  /** The connection is of no use, or one too many. */
  void refuse(String reason) {
    warn("connection_refused", reason, reason);
    close();
  }

  /** A client of a Unix socket has no name; its kinds are not those of the port's clients. */
  private void warn(String event, String kind, String reason) {
    boolean remote = peer instanceof InetSocketAddress;
    String line = "event=" + event + " peer={} reason=\"{}\"";
    RARE.warn(event + remote + kind, line, remote ? peer : "unix", reason);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closed = true;
    held.forEach(ByteBuf::release);
    held.clear();
    phase.lost();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug("event=nbd_connection_lost reason={}", cause.getMessage());
    } else {
      LOG.error("event=nbd_connection_failed", cause);
    }
    close();
  }
}
