package io.ashlar.store;

import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.NodeId;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.Spread;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A replica's small state as the bytes of a META entry: fields in order, little-endian, texts as a
 * two-byte length and UTF-8, optional parts as one byte 0 or 1 and then the part.
 *
 * <pre>
 * volume text | replica 8 | incarnation 8 | sizeBytes 8 | watermark 8 | durableVersion 8
 * | flags 1 (1 unclean, 2 closed) | runningOn text
 * | promise: epoch 4 | view: epoch 4, lineage 8, generation 8, count 2, replica ids 8 each
 * | holder optional: node text, stateDirId 8, instance 8
 * | incomplete optional: attempt 8, base 8
 * | spread: sequence 8, shardShift 1, disks 1, disk ids 8 each, shards 2, each 1 (see Spread)
 * </pre>
 */
final class MetaCodec {
  private static final int UNCLEAN = 1;
  private static final int CLOSED = 2;

  private MetaCodec() {}

  /** Encodes into a fresh page-sized buffer; its limit is the length. */
  static ByteBuffer encode(ReplicaMeta meta) {
    ByteBuffer out = ByteBuffer.allocate(Format.PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    putText(out, meta.volume().value());
    out.putLong(meta.replica()).putLong(meta.incarnation()).putLong(meta.sizeBytes());
    out.putLong(meta.watermark()).putLong(meta.durableVersion());
    out.put((byte) ((meta.unclean() ? UNCLEAN : 0) | (meta.closed() ? CLOSED : 0)));
    putText(out, meta.runningOn());
    putPromise(out, meta.promise());
    out.put((byte) (meta.incomplete().isPresent() ? 1 : 0));
    meta.incomplete().ifPresent(part -> out.putLong(part.attempt()).putLong(part.base()));
    putSpread(out, meta.spread());
    return out.flip();
  }

  /** The state in these bytes, or null if they are not one. */
  static ReplicaMeta decode(ByteBuffer source) {
    try {
      return read(source.duplicate().order(ByteOrder.LITTLE_ENDIAN));
    } catch (BufferUnderflowException | IllegalArgumentException notOne) {
      return null;
    }
  }

  private static ReplicaMeta read(ByteBuffer in) {
    VolumeId volume = new VolumeId(text(in));
    long replica = in.getLong();
    long incarnation = in.getLong();
    long sizeBytes = in.getLong();
    long watermark = in.getLong();
    long durableVersion = in.getLong();
    int flags = in.get();
    String runningOn = text(in);
    ReplicaMeta.Promise promise = promise(in);
    Optional<ReplicaMeta.Incomplete> incomplete =
        in.get() == 0
            ? Optional.empty()
            : Optional.of(new ReplicaMeta.Incomplete(in.getLong(), in.getLong()));
    return new ReplicaMeta(
        volume,
        replica,
        incarnation,
        sizeBytes,
        promise,
        incomplete,
        (flags & UNCLEAN) != 0,
        (flags & CLOSED) != 0,
        runningOn,
        watermark,
        durableVersion,
        spread(in));
  }

  private static void putSpread(ByteBuffer out, Spread spread) {
    out.putLong(spread.sequence()).put((byte) spread.shardShift());
    out.put((byte) spread.disks().size());
    spread.disks().forEach(out::putLong);
    byte[] shards = spread.shards();
    out.putShort((short) shards.length).put(shards);
  }

  private static Spread spread(ByteBuffer in) {
    long sequence = in.getLong();
    int shardShift = in.get();
    List<Long> disks = new ArrayList<>();
    for (int i = in.get(); i > 0; i--) {
      disks.add(in.getLong());
    }
    byte[] shards = new byte[Short.toUnsignedInt(in.getShort())];
    in.get(shards);
    return new Spread(sequence, shardShift, disks, shards);
  }

  private static void putPromise(ByteBuffer out, ReplicaMeta.Promise promise) {
    View view = promise.view();
    out.putInt(promise.epoch());
    out.putInt(view.epoch()).putLong(view.lineage()).putLong(view.generation());
    out.putShort((short) view.inSync().size());
    view.inSync().forEach(out::putLong);
    out.put((byte) (promise.holder().isPresent() ? 1 : 0));
    promise.holder().ifPresent(holder -> putHolder(out, holder));
  }

  private static void putHolder(ByteBuffer out, CoordinatorRef holder) {
    putText(out, holder.node().value());
    out.putLong(holder.stateDirId()).putLong(holder.instance());
  }

  private static ReplicaMeta.Promise promise(ByteBuffer in) {
    int epoch = in.getInt();
    int viewEpoch = in.getInt();
    long lineage = in.getLong();
    long generation = in.getLong();
    int count = Short.toUnsignedInt(in.getShort());
    List<Long> inSync = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      inSync.add(in.getLong());
    }
    Optional<CoordinatorRef> holder =
        in.get() == 0
            ? Optional.empty()
            : Optional.of(new CoordinatorRef(new NodeId(text(in)), in.getLong(), in.getLong()));
    return new ReplicaMeta.Promise(epoch, new View(viewEpoch, inSync, lineage, generation), holder);
  }

  private static void putText(ByteBuffer out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.putShort((short) bytes.length).put(bytes);
  }

  private static String text(ByteBuffer in) {
    byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
