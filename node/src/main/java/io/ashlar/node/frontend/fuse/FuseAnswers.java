package io.ashlar.node.frontend.fuse;

import io.ashlar.sys.DirectMemory;
import io.ashlar.sys.FuseChannel;
import io.ashlar.sys.IoVectors;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes answers and notifications. One object for each thread that writes. */
final class FuseAnswers {
  private static final Logger log = LoggerFactory.getLogger(FuseAnswers.class);
  private static final int BODY = FuseWire.OUT_HEADER_BYTES;

  private final ByteBuffer out =
      ByteBuffer.allocateDirect(BODY + FuseFile.BODY_BYTES_MAX).order(ByteOrder.nativeOrder());
  private final long address = DirectMemory.addressOf(out);
  private final IoVectors vectors = new IoVectors();
  private boolean failureLogged;

  /** Where bodies are written, from {@link #bodyIndex} on. */
  ByteBuffer out() {
    return out;
  }

  static int bodyIndex() {
    return BODY;
  }

  void error(FuseChannel channel, long unique, int errno) {
    header(BODY, -errno, unique);
    write(channel, vectors.clear().add(address, BODY));
  }

  /** Answers with the first bytes of the body in {@link #out}. */
  void body(FuseChannel channel, long unique, int bodyBytes) {
    header(BODY + bodyBytes, 0, unique);
    write(channel, vectors.clear().add(address, BODY + bodyBytes));
  }

  /** Answers a READ; borrows the data. */
  void data(FuseChannel channel, long unique, ByteBuffer data) {
    ByteBuffer direct = data.isDirect() ? data : copy(data);
    int lengthBytes = direct.remaining();
    long start = DirectMemory.addressOf(direct) + direct.position();
    header(BODY + lengthBytes, 0, unique);
    try {
      write(channel, vectors.clear().add(address, BODY).add(start, lengthBytes));
    } finally {
      Reference.reachabilityFence(direct);
    }
  }

  private static ByteBuffer copy(ByteBuffer data) {
    return ByteBuffer.allocateDirect(data.remaining()).put(data.duplicate()).flip();
  }

  void written(FuseChannel channel, long unique, int sizeBytes) {
    out.putInt(BODY, sizeBytes).putInt(BODY + 4, 0);
    body(channel, unique, 8);
  }

  /** Has the kernel send again whatever was read by an earlier process and not answered. */
  void resend(FuseChannel channel) throws IOException {
    header(BODY, FuseWire.NOTIFY_RESEND, 0);
    channel.write(vectors.clear().add(address, BODY));
  }

  /** Has the kernel forget the file's attributes, its size among them. */
  void invalidateAttributes(FuseChannel channel) throws IOException {
    out.putLong(BODY, FuseFile.FILE_NODE).putLong(BODY + 8, -1).putLong(BODY + 16, 0);
    header(BODY + 24, FuseWire.NOTIFY_INVAL_INODE, 0);
    channel.write(vectors.clear().add(address, BODY + 24));
  }

  private void header(int lengthBytes, int error, long unique) {
    out.putInt(0, lengthBytes).putInt(4, error).putLong(8, unique);
  }

  private void write(FuseChannel channel, IoVectors pieces) {
    try {
      channel.write(pieces);
    } catch (IOException failed) {
      if (!failureLogged) {
        failureLogged = true;
        log.error("fuse answer failed, later ones are not logged", failed);
      }
    }
  }
}
