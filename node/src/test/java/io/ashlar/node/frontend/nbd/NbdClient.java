package io.ashlar.node.frontend.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The client's side, byte by byte, so that tests can also get it wrong. Blocks. */
final class NbdClient implements AutoCloseable {
  record OptionReply(int option, int type, ByteBuffer data) {}

  record Reply(long cookie, int error, ByteBuffer data) {}

  record Chunk(int flags, int type, long cookie, ByteBuffer data) {}

  private final SocketChannel channel;
  final DataInputStream in;

  NbdClient(Path socket) throws IOException {
    channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
    in = new DataInputStream(Channels.newInputStream(channel));
  }

  void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** How much of it the server takes while nothing is read here; does not block. */
  long sendWhatGoes(ByteBuffer bytes) throws IOException, InterruptedException {
    channel.configureBlocking(false);
    int idle = 0;
    long sent = 0;
    while (bytes.hasRemaining() && idle < 50) {
      int written = channel.write(bytes);
      sent += written;
      idle = written > 0 ? 0 : idle + 1;
      if (written == 0) {
        Thread.sleep(5);
      }
    }
    channel.configureBlocking(true);
    return sent;
  }

  void greet(int clientFlags) throws IOException {
    assertThat(in.readLong()).isEqualTo(Nbd.MAGIC);
    assertThat(in.readLong()).isEqualTo(Nbd.OPTION_MAGIC);
    assertThat(in.readUnsignedShort()).isEqualTo(Nbd.FIXED_NEWSTYLE | Nbd.NO_ZEROES);
    send(ByteBuffer.allocate(4).putInt(clientFlags).flip());
  }

  void option(int option, ByteBuffer data) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(16 + data.remaining());
    bytes.putLong(Nbd.OPTION_MAGIC).putInt(option).putInt(data.remaining()).put(data);
    send(bytes.flip());
  }

  OptionReply optionReply() throws IOException {
    assertThat(in.readLong()).isEqualTo(Nbd.OPTION_REPLY_MAGIC);
    return new OptionReply(in.readInt(), in.readInt(), bytes(in.readInt()));
  }

  /** Reads replies to one option up to the one that ends it, which is returned. */
  OptionReply lastOptionReply() throws IOException {
    OptionReply reply = optionReply();
    while (reply.type() != Nbd.REP_ACK && reply.type() > 0) {
      reply = optionReply();
    }
    return reply;
  }

  void go(String export) throws IOException {
    option(Nbd.OPT_GO, infoData(export));
    assertThat(lastOptionReply().type()).isEqualTo(Nbd.REP_ACK);
  }

  void negotiateStructured(String export) throws IOException {
    option(Nbd.OPT_STRUCTURED_REPLY, none());
    assertThat(lastOptionReply().type()).isEqualTo(Nbd.REP_ACK);
    option(Nbd.OPT_SET_META_CONTEXT, contexts(export, Nbd.BASE_ALLOCATION));
    assertThat(optionReply().type()).isEqualTo(Nbd.REP_META_CONTEXT);
    assertThat(optionReply().type()).isEqualTo(Nbd.REP_ACK);
  }

  static ByteBuffer none() {
    return ByteBuffer.allocate(0);
  }

  static ByteBuffer infoData(String export) {
    byte[] name = export.getBytes(StandardCharsets.UTF_8);
    ByteBuffer data = ByteBuffer.allocate(6 + name.length);
    return data.putInt(name.length).put(name).putShort((short) 0).flip();
  }

  static ByteBuffer contexts(String export, String... queries) {
    ByteBuffer data = ByteBuffer.allocate(1024);
    putString(data, export);
    data.putInt(queries.length);
    for (String query : queries) {
      putString(data, query);
    }
    return data.flip();
  }

  private static void putString(ByteBuffer into, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    into.putInt(bytes.length).put(bytes);
  }

  static ByteBuffer header(int type, int flags, long cookie, long offset, long length) {
    ByteBuffer bytes = ByteBuffer.allocate(Nbd.REQUEST_BYTES);
    bytes.putInt(Nbd.REQUEST_MAGIC).putShort((short) flags).putShort((short) type);
    return bytes.putLong(cookie).putLong(offset).putInt((int) length).flip();
  }

  void request(int type, int flags, long cookie, long offset, long length) throws IOException {
    send(header(type, flags, cookie, offset, length));
  }

  void write(int flags, long cookie, long offset, byte[] data) throws IOException {
    request(Nbd.CMD_WRITE, flags, cookie, offset, data.length);
    send(ByteBuffer.wrap(data));
  }

  Reply reply(int dataBytes) throws IOException {
    assertThat(in.readInt()).isEqualTo(Nbd.SIMPLE_REPLY_MAGIC);
    int error = in.readInt();
    return new Reply(in.readLong(), error, bytes(error == 0 ? dataBytes : 0));
  }

  Chunk chunk() throws IOException {
    assertThat(in.readInt()).isEqualTo(Nbd.CHUNK_MAGIC);
    int flags = in.readUnsignedShort();
    int type = in.readUnsignedShort();
    return new Chunk(flags, type, in.readLong(), bytes(in.readInt()));
  }

  private ByteBuffer bytes(int length) throws IOException {
    return ByteBuffer.wrap(in.readNBytes(length));
  }

  /** Whether the server ended the connection, after whatever it still had to say. */
  boolean ended() throws IOException {
    try {
      while (true) {
        in.readByte();
      }
    } catch (EOFException | java.net.SocketException end) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
