package io.ashlar.node.frontend.fuse.holder;

import io.ashlar.model.VolumeId;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.Held;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.HeldKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages between daemon and holder, one SEQPACKET each, big-endian.
 *
 * <pre>
 * size field
 *    1 command or code of the answer
 *    2 number of entries: one in HOLD, TAKE and DROP, all that is held in the answer to LIST
 *      each: 2+n volume id (UTF-8), 8 generation, 2+n metadata
 *
 * Descriptors travel with HOLD and with the answer to TAKE.
 * </pre>
 *
 * @param code a command in a request, {@link #OK} or {@link #NOT_HELD} in an answer
 */
record HolderMessage(int code, List<Held> entries) {
  static final int HOLD = 1;
  static final int LIST = 2;
  static final int TAKE = 3;
  static final int DROP = 4;

  /** Says nothing and stays connected: the daemon sees by it that the holder lives. */
  static final int WATCH = 5;

  static final int OK = 0;
  static final int NOT_HELD = 100;
  static final int REFUSED = 101;

  private static final int ENTRIES_MAX = 4096;

  HolderMessage {
    entries = List.copyOf(entries);
  }

  static HolderMessage request(int command, Held held) {
    return new HolderMessage(command, List.of(held));
  }

  static HolderMessage request(int command, HeldKey key) {
    return request(command, new Held(key, new byte[0]));
  }

  static HolderMessage of(int code) {
    return new HolderMessage(code, List.of());
  }

  byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(code);
      out.writeShort(entries.size());
      for (Held held : entries) {
        out.writeUTF(held.key().volume().value());
        out.writeLong(held.key().generation());
        out.writeShort(held.metadata().length);
        out.write(held.metadata());
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  /**
   * @throws IOException if it is not a message of ours
   */
  static HolderMessage decode(byte[] bytes) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int code = in.readUnsignedByte();
      int count = in.readUnsignedShort();
      if (count > ENTRIES_MAX) {
        throw new IOException("holder message with " + count + " entries");
      }
      List<Held> entries = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        HeldKey key = new HeldKey(new VolumeId(in.readUTF()), in.readLong());
        byte[] metadata = new byte[in.readUnsignedShort()];
        in.readFully(metadata);
        entries.add(new Held(key, metadata));
      }
      return new HolderMessage(code, entries);
    } catch (IllegalArgumentException badId) {
      throw new IOException("holder message: " + badId.getMessage(), badId);
    }
  }
}
