package io.ashlar.node.frontend.nbd;

import io.ashlar.node.frontend.nbd.Exports.Export;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.util.Optional;

/**
 * The fixed newstyle handshake: client flags, then options until one of them starts the
 * transmission. Options are collected in a small buffer; one that is larger than any sensible
 * option is drained unread and refused. TLS is not offered. Loop thread only.
 */
final class Negotiation implements NbdConnection.Phase {
  /** Longest option that is looked at: several names of at most 4096 bytes. */
  private static final int OPTION_BYTES_MAX = 16 << 10;

  private enum Awaiting {
    CLIENT_FLAGS,
    OPTION_HEADER,
    OPTION_DATA
  }

  private final NbdConnection connection;
  private final Exports exports;
  private final OptionReplies replies;
  private final ByteBuf part = Unpooled.buffer(Nbd.OPTION_HEADER_BYTES, OPTION_BYTES_MAX);
  private Awaiting awaiting = Awaiting.CLIENT_FLAGS;
  private int wanted = Integer.BYTES;
  private long skipping;
  private int option;
  private boolean omitZeroes;
  private boolean structured;

  /** Export for which the client chose base:allocation, or null. */
  private String allocationFor;

  Negotiation(NbdConnection connection, Channel channel, Exports exports) {
    this.connection = connection;
    this.exports = exports;
    this.replies = new OptionReplies(channel);
  }

  static void greet(Channel channel) {
    ByteBuf greeting = Unpooled.buffer(18);
    greeting.writeLong(Nbd.MAGIC).writeLong(Nbd.OPTION_MAGIC);
    greeting.writeShort(Nbd.FIXED_NEWSTYLE | Nbd.NO_ZEROES);
    var _ = channel.writeAndFlush(greeting, channel.voidPromise());
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public void drain() {
    connection.close();
  }

  /** The whole negotiation is bounded in time. */
  @Override
  public boolean owed() {
    return false;
  }

  @Override
  public void lost() {}

  @Override
  public void take(ByteBuf in) {
    if (skipping > 0) {
      int skipped = (int) Math.min(skipping, in.readableBytes());
      in.skipBytes(skipped);
      skipping -= skipped;
      return;
    }
    part.writeBytes(in, Math.min(in.readableBytes(), wanted - part.readableBytes()));
    if (part.readableBytes() == wanted) {
      switch (awaiting) {
        case CLIENT_FLAGS -> clientFlags();
        case OPTION_HEADER -> optionHeader();
        case OPTION_DATA -> option();
      }
    }
  }

  private void await(Awaiting next, int bytes) {
    part.clear();
    awaiting = next;
    wanted = bytes;
  }

  private void clientFlags() {
    int flags = part.readInt();
    if ((flags & ~(Nbd.FIXED_NEWSTYLE | Nbd.NO_ZEROES)) != 0) {
      connection.violated("unknown client flags 0x" + Integer.toHexString(flags));
      return;
    }
    omitZeroes = (flags & Nbd.NO_ZEROES) != 0;
    await(Awaiting.OPTION_HEADER, Nbd.OPTION_HEADER_BYTES);
  }

  private void optionHeader() {
    if (part.readLong() != Nbd.OPTION_MAGIC) {
      connection.violated("wrong magic of an option");
      return;
    }
    option = part.readInt();
    long length = part.readUnsignedInt();
    if (length > OPTION_BYTES_MAX) {
      skipping = length;
      replies.error(option, Nbd.REP_ERR_TOO_BIG, "an option may have 16 KiB at most");
      await(Awaiting.OPTION_HEADER, Nbd.OPTION_HEADER_BYTES);
    } else if (length == 0) {
      part.clear();
      option();
    } else {
      await(Awaiting.OPTION_DATA, (int) length);
    }
  }

  private void option() {
    switch (option) {
      case Nbd.OPT_EXPORT_NAME -> exportName();
      case Nbd.OPT_ABORT -> {
        replies.ack(option);
        connection.closeAfterReplies();
      }
      case Nbd.OPT_LIST -> list();
      case Nbd.OPT_INFO, Nbd.OPT_GO -> infoOrGo();
      case Nbd.OPT_STRUCTURED_REPLY -> structuredReply();
      case Nbd.OPT_LIST_META_CONTEXT, Nbd.OPT_SET_META_CONTEXT -> metaContext();
      default -> replies.error(option, Nbd.REP_ERR_UNSUP, "not supported");
    }
    await(Awaiting.OPTION_HEADER, Nbd.OPTION_HEADER_BYTES);
  }

  /** The old way to start: its only way to say no is to close. */
  private void exportName() {
    String name = OptionData.rest(part);
    Optional<Export> export = exports.open(name);
    if (export.isEmpty()) {
      connection.violated("no export '" + OptionData.printable(name) + "'");
      return;
    }
    replies.oldExport(export.get(), structured, omitZeroes);
    transmit(name, export.get());
  }

  private void transmit(String name, Export export) {
    connection.transmit(export, structured, structured && name.equals(allocationFor));
  }

  private void list() {
    if (part.isReadable()) {
      replies.error(option, Nbd.REP_ERR_INVALID, "LIST has no data");
      return;
    }
    exports.names().forEach(replies::server);
    replies.ack(option);
  }

  private void infoOrGo() {
    Optional<String> name = OptionData.infoRequest(part);
    if (name.isEmpty()) {
      replies.error(option, Nbd.REP_ERR_INVALID, "lengths do not add up");
      return;
    }
    Optional<Export> export = exports.open(name.get());
    if (export.isEmpty()) {
      replies.error(option, Nbd.REP_ERR_UNKNOWN, "no such export");
      return;
    }
    replies.info(option, export.get(), structured);
    replies.ack(option);
    if (option == Nbd.OPT_GO) {
      transmit(name.get(), export.get());
    }
  }

  private void structuredReply() {
    if (part.isReadable()) {
      replies.error(option, Nbd.REP_ERR_INVALID, "STRUCTURED_REPLY has no data");
      return;
    }
    structured = true;
    replies.ack(option);
  }

  /** Both options ask in the same way; only SET chooses, and replaces what was chosen before. */
  private void metaContext() {
    boolean choose = option == Nbd.OPT_SET_META_CONTEXT;
    if (choose) {
      allocationFor = null;
    }
    Optional<OptionData.Queries> asked = OptionData.queries(part);
    if (asked.isEmpty() || (choose && !structured)) {
      replies.error(option, Nbd.REP_ERR_INVALID, "needs structured replies and right lengths");
      return;
    }
    if (exports.open(asked.get().export()).isEmpty()) {
      replies.error(option, Nbd.REP_ERR_UNKNOWN, "no such export");
      return;
    }
    if (choose && asked.get().queries().contains(Nbd.BASE_ALLOCATION)) {
      allocationFor = asked.get().export();
      replies.metaContext(option, Nbd.BASE_ALLOCATION_ID);
    } else if (!choose && asked.get().listsBase()) {
      replies.metaContext(option, 0);
    }
    replies.ack(option);
  }
}
