package io.ashlar.node.frontend.nbd;

import io.ashlar.block.DeviceGeometry;
import io.ashlar.node.frontend.nbd.Exports.Export;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.nio.charset.StandardCharsets;

/** Writes the answers to options: magic, option, reply type, length, data. Loop thread only. */
final class OptionReplies {
  private static final int OLD_EXPORT_ZEROES = 124;

  private final Channel channel;

  OptionReplies(Channel channel) {
    this.channel = channel;
  }

  void ack(int option) {
    reply(option, Nbd.REP_ACK, Unpooled.EMPTY_BUFFER);
  }

  void error(int option, int error, String message) {
    reply(option, error, utf8(message));
  }

  void server(String name) {
    ByteBuf text = utf8(name);
    ByteBuf data = Unpooled.buffer(Integer.BYTES + text.readableBytes());
    reply(Nbd.OPT_LIST, Nbd.REP_SERVER, data.writeInt(text.readableBytes()).writeBytes(text));
  }

  void metaContext(int option, int id) {
    ByteBuf data = Unpooled.buffer().writeInt(id).writeBytes(utf8(Nbd.BASE_ALLOCATION));
    reply(option, Nbd.REP_META_CONTEXT, data);
  }

  /** Size, flags and block sizes. Any alignment is served; whole blocks are served best. */
  void info(int option, Export export, boolean structured) {
    DeviceGeometry geometry = export.device().geometry();
    ByteBuf data = Unpooled.buffer();
    data.writeShort(Nbd.INFO_EXPORT).writeLong(geometry.sizeBytes());
    data.writeShort(Nbd.transmissionFlags(export.readOnly(), structured));
    reply(option, Nbd.REP_INFO, data);
    ByteBuf sizes = Unpooled.buffer();
    sizes.writeShort(Nbd.INFO_BLOCK_SIZE).writeInt(1).writeInt(geometry.preferredBytes());
    sizes.writeInt(Math.min(Nbd.PAYLOAD_BYTES_MAX, geometry.requestBytesMax()));
    reply(option, Nbd.REP_INFO, sizes);
  }

  /** The answer to EXPORT_NAME has no header. */
  void oldExport(Export export, boolean structured, boolean omitZeroes) {
    ByteBuf data = Unpooled.buffer();
    data.writeLong(export.device().geometry().sizeBytes());
    data.writeShort(Nbd.transmissionFlags(export.readOnly(), structured));
    if (!omitZeroes) {
      data.writeZero(OLD_EXPORT_ZEROES);
    }
    var _ = channel.writeAndFlush(data, channel.voidPromise());
  }

  private void reply(int option, int type, ByteBuf data) {
    ByteBuf reply = Unpooled.buffer(20 + data.readableBytes());
    reply.writeLong(Nbd.OPTION_REPLY_MAGIC).writeInt(option).writeInt(type);
    reply.writeInt(data.readableBytes()).writeBytes(data);
    var _ = channel.writeAndFlush(reply, channel.voidPromise());
  }

  private static ByteBuf utf8(String text) {
    return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8));
  }
}
