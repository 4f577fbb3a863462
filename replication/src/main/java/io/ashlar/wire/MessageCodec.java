package io.ashlar.wire;

import io.ashlar.block.BlockRun;
import io.ashlar.block.Payload;
import io.ashlar.model.VolumeId;
import io.ashlar.wire.Message.BeginAttempt;
import io.ashlar.wire.Message.Begun;
import io.ashlar.wire.Message.Data;
import io.ashlar.wire.Message.Digest;
import io.ashlar.wire.Message.Digests;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.ExtentData;
import io.ashlar.wire.Message.Extents;
import io.ashlar.wire.Message.Fenced;
import io.ashlar.wire.Message.FinishJoin;
import io.ashlar.wire.Message.Hello;
import io.ashlar.wire.Message.ListExtents;
import io.ashlar.wire.Message.Ordered;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Pending;
import io.ashlar.wire.Message.PrepareJoin;
import io.ashlar.wire.Message.Pull;
import io.ashlar.wire.Message.PullExtent;
import io.ashlar.wire.Message.PullHello;
import io.ashlar.wire.Message.Read;
import io.ashlar.wire.Message.Refused;
import io.ashlar.wire.Message.Release;
import io.ashlar.wire.Message.Renew;
import io.ashlar.wire.Message.Seal;
import io.ashlar.wire.Message.Sealed;
import io.ashlar.wire.Message.Source;
import io.ashlar.wire.Message.Sync;
import io.ashlar.wire.Message.Welcome;
import io.ashlar.wire.Message.Write;
import io.ashlar.wire.Message.WriteMode;
import io.ashlar.wire.Message.WriteRange;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Messages to frames and back. Pure; docs/protocol.md has the bodies in the order written here. */
public final class MessageCodec {
  private static final int SMALL_BODY_BYTES = 256;
  private static final int SOURCE_BYTES_MIN = 28;

  private MessageCodec() {}

  /**
   * Header and body of a frame; the payload, if any, follows on the wire and stays the message's.
   */
  public record Frame(ByteBuffer head, Payload payload) {}

  public static Frame encode(Message message) {
    return new Encoder().encode(message);
  }

  /** Makes frames in memory of its own. Not thread-safe. */
  public static final class Encoder {
    private static final int KEPT_BYTES_MAX = 64 << 10;

    private BodyWriter body = smallBody();

    /** The frame's head is valid until the next one is made. */
    public Frame encode(Message message) {
      if (body.capacity() > KEPT_BYTES_MAX) {
        body = smallBody();
      }
      body.begin();
      return MessageCodec.encode(message, body);
    }

    private static BodyWriter smallBody() {
      return new BodyWriter(FrameHeader.BYTES + SMALL_BODY_BYTES);
    }
  }

  private static Frame encode(Message message, BodyWriter body) {
    BlockRun run = runOf(message);
    Command command = writeBody(message, body);
    ByteBuffer head = body.finish();
    int bodyBytes = head.remaining() - FrameHeader.BYTES;
    Payload payload = run == null ? null : run.payload();
    int payloadBytes = payload == null ? 0 : payload.lengthBytes();
    int crc = FrameHeader.crc(head, FrameHeader.BYTES, bodyBytes);
    new FrameHeader(command, message.request(), epochOf(message), bodyBytes, payloadBytes, crc)
        .write(head);
    return new Frame(head, payload);
  }

  private static BlockRun runOf(Message message) {
    return switch (message) {
      case Write write -> write.run();
      case Data data -> data.run();
      case ExtentData data -> data.run();
      default -> null;
    };
  }

  private static int epochOf(Message message) {
    return switch (message) {
      case Ordered order -> order.epoch();
      case Seal seal -> seal.epoch();
      case Sealed sealed -> sealed.epoch();
      case Pending pending -> pending.epoch();
      case PullHello hello -> hello.epoch();
      default -> 0;
    };
  }

  private static Command writeBody(Message message, BodyWriter to) {
    return switch (message) {
      case Hello m -> {
        to.i64(m.cluster()).text(m.volume().value()).i64(m.replica()).i64(m.incarnation());
        to.coordinator(m.from()).i64(m.connection()).i64(m.features());
        yield Command.HELLO;
      }
      case Welcome m -> {
        to.i32(m.promise()).i64(m.startId()).bool(m.clean()).bool(m.whole());
        to.i64(m.attempt()).i64(m.highest()).i64(m.features());
        yield Command.WELCOME;
      }
      case Refused m -> {
        to.text(m.reason().length() > 1000 ? m.reason().substring(0, 1000) : m.reason());
        yield Command.REFUSED;
      }
      case Seal m -> {
        to.view(m.view()).coordinator(m.holder()).bool(m.wantTail());
        yield Command.SEAL;
      }
      case Sealed m -> {
        to.i64(m.startId()).bool(m.clean()).bool(m.whole()).i64(m.attempt());
        to.i64(m.watermark()).i64(m.durableVersion()).i64(m.mappedBlocks()).tail(m.tail());
        yield Command.SEALED;
      }
      case Pending m -> {
        to.i64(m.afterNanos());
        yield Command.PENDING;
      }
      case Fenced m -> {
        to.i32(m.promise());
        yield Command.FENCED;
      }
      case Done m -> {
        to.u8(m.outcome().code()).i64(m.granted()).i64(m.detail());
        yield Command.DONE;
      }
      case Data m -> {
        to.run(m.run());
        yield Command.DATA;
      }
      case Begun m -> {
        to.i64(m.base()).longs(m.fresh());
        yield Command.BEGUN;
      }
      case Extents m -> {
        to.longs(m.extents()).i64(m.nextExtent());
        yield Command.EXTENTS;
      }
      case Digests m -> {
        to.longs(m.digests());
        yield Command.DIGESTS;
      }
      case PullHello m -> {
        to.i64(m.cluster()).text(m.volume().value()).i64(m.replica()).i64(m.incarnation());
        to.i64(m.attempt());
        yield Command.PULL_HELLO;
      }
      case ExtentData m -> {
        to.i64(m.attempt()).i64(m.startId()).i64(m.extentVersion()).run(m.run());
        yield Command.EXTENT_DATA;
      }
      case Ordered m -> writeOrder(m, to);
    };
  }

  private static Command writeOrder(Ordered order, BodyWriter to) {
    return switch (order) {
      case Renew m -> {
        to.i64(m.watermark()).bool(m.attemptOpen());
        yield Command.RENEW;
      }
      case Release m -> {
        to.i64(m.watermark()).bool(m.close());
        yield Command.RELEASE;
      }
      case Write m -> {
        to.i64(m.watermark()).u8(m.mode().code()).run(m.run());
        yield Command.WRITE;
      }
      case WriteRange m -> {
        to.i64(m.watermark()).i64(m.firstBlock()).i64(m.blocks()).i64(m.version());
        yield Command.WRITE_RANGE;
      }
      case Read m -> {
        to.i64(m.firstBlock()).i32(m.count());
        yield Command.READ;
      }
      case Sync m -> {
        to.i64(m.watermark());
        yield Command.SYNC;
      }
      case BeginAttempt m -> {
        to.i64(m.attempt()).i64(m.lastInSync()).bool(m.empty());
        yield Command.BEGIN_ATTEMPT;
      }
      case Pull m -> {
        to.i64(m.attempt()).i64(m.liveFrom()).longs(m.extents()).i32(m.sources().size());
        for (Source source : m.sources()) {
          to.i64(source.replica()).i64(source.incarnation()).text(source.node());
          to.i64(source.startId());
        }
        yield Command.PULL;
      }
      case ListExtents m -> {
        to.i64(m.aboveVersion()).i64(m.fromExtent());
        yield Command.LIST_EXTENTS;
      }
      case Digest m -> {
        to.longs(m.extents());
        yield Command.DIGEST;
      }
      case PrepareJoin m -> {
        to.i64(m.attempt()).i64(m.drained());
        yield Command.PREPARE_JOIN;
      }
      case FinishJoin m -> {
        to.i64(m.attempt());
        yield Command.FINISH_JOIN;
      }
      case PullExtent m -> {
        to.i64(m.attempt()).i64(m.extent());
        yield Command.PULL_EXTENT;
      }
    };
  }

  /**
   * Reads a frame whose header was checked. Takes the payload over, also when it fails; the body
   * may be used again afterwards.
   *
   * @param payload of exactly the announced length, or null if that is 0
   * @throws FrameException if the body is not what the command needs
   */
  public static Message decode(FrameHeader header, ByteBuffer body, Payload payload)
      throws FrameException {
    boolean done = false;
    try {
      if (FrameHeader.crc(body, body.position(), body.remaining()) != header.bodyCrc()) {
        throw new FrameException("body checksum");
      }
      BodyReader from = new BodyReader(body);
      Message message = readBody(header, from, payload);
      from.end();
      if (payload != null && runOf(message) == null) {
        throw new FrameException(header.command() + " has no payload");
      }
      done = true;
      return message;
    } catch (IllegalArgumentException e) {
      throw new FrameException(e.getMessage());
    } finally {
      if (!done && payload != null) {
        payload.release();
      }
    }
  }

  private static Message readBody(FrameHeader header, BodyReader in, Payload payload)
      throws FrameException {
    long request = header.request();
    int epoch = header.epoch();
    return switch (header.command()) {
      case HELLO ->
          new Hello(
              request,
              in.i64(),
              new VolumeId(in.text()),
              in.i64(),
              in.i64(),
              in.coordinator(),
              in.i64(),
              in.i64());
      case WELCOME ->
          new Welcome(
              request, in.i32(), in.i64(), in.bool(), in.bool(), in.i64(), in.i64(), in.i64());
      case REFUSED -> new Refused(request, in.text());
      case SEAL -> new Seal(request, epoch, in.view(), in.optionalCoordinator(), in.bool());
      case SEALED ->
          new Sealed(
              request, epoch, in.i64(), in.bool(), in.bool(), in.i64(), in.i64(), in.i64(),
              in.i64(), in.tail());
      case PENDING -> new Pending(request, epoch, in.i64());
      case FENCED -> new Fenced(request, in.i32());
      case RENEW -> new Renew(request, epoch, in.i64(), in.bool());
      case RELEASE -> new Release(request, epoch, in.i64(), in.bool());
      case WRITE -> new Write(request, epoch, in.i64(), mode(in.u8()), in.run(payload));
      case WRITE_RANGE -> new WriteRange(request, epoch, in.i64(), in.i64(), in.i64(), in.i64());
      case READ -> new Read(request, epoch, in.i64(), in.i32());
      case DATA -> new Data(request, in.run(payload));
      case SYNC -> new Sync(request, epoch, in.i64());
      case DONE -> new Done(request, outcome(in.u8()), in.i64(), in.i64());
      case BEGIN_ATTEMPT -> new BeginAttempt(request, epoch, in.i64(), in.i64(), in.bool());
      case BEGUN -> new Begun(request, in.i64(), in.extentRanges());
      case PULL -> new Pull(request, epoch, in.i64(), in.i64(), in.extents(), sources(in));
      case LIST_EXTENTS -> new ListExtents(request, epoch, in.i64(), in.extent());
      case EXTENTS -> new Extents(request, in.extents(), in.i64());
      case DIGEST -> new Digest(request, epoch, in.extents());
      case DIGESTS -> new Digests(request, in.longs());
      case PREPARE_JOIN -> new PrepareJoin(request, epoch, in.i64(), in.i64());
      case FINISH_JOIN -> new FinishJoin(request, epoch, in.i64());
      case PULL_HELLO ->
          new PullHello(
              request, in.i64(), new VolumeId(in.text()), in.i64(), in.i64(), epoch, in.i64());
      case PULL_EXTENT -> new PullExtent(request, epoch, in.i64(), in.extent());
      case EXTENT_DATA -> new ExtentData(request, in.i64(), in.i64(), in.i64(), in.run(payload));
    };
  }

  private static WriteMode mode(int code) throws FrameException {
    for (WriteMode mode : WriteMode.values()) {
      if (mode.code() == code) {
        return mode;
      }
    }
    throw new FrameException("write mode " + code);
  }

  private static Outcome outcome(int code) throws FrameException {
    for (Outcome outcome : Outcome.values()) {
      if (outcome.code() == code) {
        return outcome;
      }
    }
    throw new FrameException("outcome " + code);
  }

  private static List<Source> sources(BodyReader in) throws FrameException {
    int count = in.count(SOURCE_BYTES_MIN);
    List<Source> sources = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      sources.add(new Source(in.i64(), in.i64(), in.text(), in.i64()));
    }
    return sources;
  }
}
