package io.ashlar.sanity.badinput;

import static io.ashlar.sanity.badinput.Attack.expect;

import io.ashlar.block.BlockKind;
import io.ashlar.block.BlockRun;
import io.ashlar.block.Payload;
import io.ashlar.control.v1.ListReplicasReply;
import io.ashlar.control.v1.ListReplicasRequest;
import io.ashlar.control.v1.NodeAgentGrpc;
import io.ashlar.control.v1.ReplicaInfo;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import io.ashlar.wire.FrameHeader;
import io.ashlar.wire.Message;
import io.ashlar.wire.MessageCodec;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/** A replication port. Its replicas are asked of the agent, to get past the handshake. */
final class ReplicationVictim implements Victim {
  private static final int HEADER = FrameHeader.BYTES;
  private static final int VERSION_AT = 4;
  private static final int COMMAND_AT = 6;
  private static final int BODY_BYTES_AT = 20;
  private static final int PAYLOAD_BYTES_AT = 24;
  private static final int RESERVED_AT = 40;
  private static final int CRC_AT = 60;
  private static final int HALF_FRAMES = 200;

  private final String name;
  private final InetSocketAddress address;
  private final long cluster;
  private final ReplicaInfo replica;

  private ReplicationVictim(
      String name, InetSocketAddress address, long cluster, ReplicaInfo replica) {
    this.name = name;
    this.address = address;
    this.cluster = cluster;
    this.replica = replica;
  }

  static ReplicationVictim of(
      String name, InetSocketAddress address, InetSocketAddress agent, long cluster)
      throws IOException {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(agent.getHostString(), agent.getPort())
            .usePlaintext()
            .build();
    try {
      ListReplicasReply reply =
          NodeAgentGrpc.newBlockingStub(channel)
              .withDeadlineAfter(10, TimeUnit.SECONDS)
              .listReplicas(ListReplicasRequest.getDefaultInstance());
      if (reply.getReplicasCount() == 0) {
        throw new IOException(name + " has no replica to be attacked");
      }
      return new ReplicationVictim(name, address, cluster, reply.getReplicas(0));
    } finally {
      channel.shutdownNow();
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Attack> attacks() {
    List<Attack> attacks = new ArrayList<>(new AnyProtocol(address).attacks());
    attacks.add(bent("wrong magic", frame -> frame.putInt(0, 7)));
    attacks.add(bent("wrong protocol version", frame -> frame.putShort(VERSION_AT, (short) 9)));
    attacks.add(bent("unknown command", frame -> frame.putShort(COMMAND_AT, (short) 999)));
    attacks.add(bent("body of 2^31 - 1 bytes", frame -> frame.putInt(BODY_BYTES_AT, -1 >>> 1)));
    attacks.add(bent("body of negative length", frame -> frame.putInt(BODY_BYTES_AT, -1)));
    attacks.add(bent("payload of 2^31 bytes", frame -> frame.putInt(PAYLOAD_BYTES_AT, 1 << 31)));
    attacks.add(bent("payload of 4097 bytes", frame -> frame.putInt(PAYLOAD_BYTES_AT, 4097)));
    attacks.add(bent("reserved bytes", frame -> frame.put(RESERVED_AT, (byte) 1)));
    attacks.add(new Attack("bad header checksum", random -> badCrc(random, CRC_AT)));
    attacks.add(new Attack("bad body checksum", random -> badCrc(random, HEADER + 5)));
    attacks.add(new Attack("wrong feature bits", this::wrongFeatures));
    attacks.add(new Attack("hello of strangers", this::strangers));
    attacks.add(new Attack("half frames, then silence", random -> half(false)));
    attacks.add(new Attack("hello, then half a frame and silence", random -> half(true)));
    attacks.add(new Attack("hello, then random bytes", this::noiseAfterHello));
    attacks.add(new Attack("hello, then a payload that fails its check", this::badPayload));
    attacks.add(new Attack("hello, then orders that cannot be", this::wildOrders));
    return attacks;
  }

  private interface Change {
    void apply(ByteBuffer frame);
  }

  /** A hello whose header is changed and checksummed again: the connection must end at once. */
  private Attack bent(String what, Change change) {
    return new Attack(
        what,
        random -> {
          ByteBuffer frame = frame(hello(random, 0)).order(ByteOrder.LITTLE_ENDIAN);
          change.apply(frame);
          CRC32C crc = new CRC32C();
          crc.update(frame.slice(0, CRC_AT));
          frame.putInt(CRC_AT, (int) crc.getValue());
          closesOn(bytes(frame));
        });
  }

  private void closesOn(byte[] bytes) throws IOException, Attack.Unexpected {
    try (Connection connection = Connection.open(address)) {
      connection.write(bytes);
      Deadlines.AT_ONCE.closes(connection, "the connection stays open");
    }
  }

  private static byte[] bytes(ByteBuffer frame) {
    byte[] bytes = new byte[frame.limit()];
    frame.get(0, bytes);
    return bytes;
  }

  private static ByteBuffer frame(Message message) {
    MessageCodec.Frame frame = MessageCodec.encode(message);
    int payload = frame.payload() == null ? 0 : frame.payload().lengthBytes();
    ByteBuffer all = ByteBuffer.allocate(frame.head().remaining() + payload).put(frame.head());
    if (payload > 0) {
      all.put(frame.payload().view());
    }
    return all.flip();
  }

  private Message hello(SplittableRandom random, long features) {
    return hello(random, cluster, replica.getVolumeId(), replica.getReplica(), features);
  }

  private Message hello(
      SplittableRandom random, long itsCluster, String volume, long itsReplica, long features) {
    CoordinatorRef from =
        new CoordinatorRef(new NodeId("bad-input"), random.nextLong(), random.nextLong());
    return new Message.Hello(
        1,
        itsCluster,
        new VolumeId(volume),
        itsReplica,
        replica.getIncarnation(),
        from,
        random.nextLong(),
        features);
  }

  private Connection greeted(SplittableRandom random) throws IOException {
    Connection connection = Connection.open(address);
    connection.write(bytes(frame(hello(random, 0))));
    Answer answer = Answer.read(connection);
    if (answer.command() != Answer.WELCOME) {
      connection.close();
      throw new IOException("a hello is answered with command " + answer.command());
    }
    return connection;
  }

  /** Header of an answer; its body and payload are skipped. */
  private record Answer(int command) {
    static final int WELCOME = 2;
    static final int REFUSED = 3;
    static final int FENCED = 7;
    static final int DONE = 15;

    static Answer read(Connection connection) throws IOException {
      ByteBuffer header = connection.read(HEADER).order(ByteOrder.LITTLE_ENDIAN);
      connection.read(header.getInt(BODY_BYTES_AT));
      connection.read(header.getInt(PAYLOAD_BYTES_AT));
      return new Answer(header.getShort(COMMAND_AT));
    }
  }

  private void badCrc(SplittableRandom random, int at) throws IOException, Attack.Unexpected {
    ByteBuffer frame = frame(hello(random, 0));
    closesOn(bytes(frame.put(at, (byte) ~frame.get(at))));
  }

  private void wrongFeatures(SplittableRandom random) throws IOException, Attack.Unexpected {
    refused(hello(random, 1L << 63));
  }

  private void refused(Message hello) throws IOException, Attack.Unexpected {
    try (Connection connection = Connection.open(address)) {
      connection.write(bytes(frame(hello)));
      int answer = Answer.read(connection).command();
      expect(answer == Answer.REFUSED, "answered with command " + answer);
      Deadlines.AT_ONCE.closes(connection, "the connection stays open");
    }
  }

  private void strangers(SplittableRandom random) throws IOException, Attack.Unexpected {
    refused(hello(random, cluster, "no-such-volume", replica.getReplica(), 0));
    refused(hello(random, cluster + 1, replica.getVolumeId(), replica.getReplica(), 0));
    refused(hello(random, cluster, replica.getVolumeId(), replica.getReplica() + 1, 0));
    refused(new Message.Read(1, replica.getPromisedEpoch(), 0, 1));
    refused(new Message.Welcome(1, 1, 1, true, true, 0, 0, 0));
  }

  /** The largest frame there may be is announced, and no more of it is sent. */
  private void half(boolean afterHello) throws IOException, Attack.Unexpected {
    SplittableRandom random = new SplittableRandom(1);
    List<Connection> open = new ArrayList<>();
    try {
      for (int i = 0; i < HALF_FRAMES; i++) {
        Connection connection = afterHello ? greeted(random) : Connection.open(address);
        open.add(connection);
        connection.write(announcement());
      }
      Deadlines end = afterHello ? Deadlines.HALF_FRAME : Deadlines.NEWCOMER;
      end.closes(open, "half frames");
    } finally {
      for (Connection connection : open) {
        connection.close();
      }
    }
  }

  private static byte[] announcement() {
    ByteBuffer frame = frame(new Message.Refused(1, "x")).order(ByteOrder.LITTLE_ENDIAN);
    frame.putInt(BODY_BYTES_AT, FrameHeader.BODY_BYTES_MAX);
    frame.putInt(PAYLOAD_BYTES_AT, FrameHeader.PAYLOAD_BYTES_MAX);
    CRC32C crc = new CRC32C();
    crc.update(frame.slice(0, CRC_AT));
    return bytes(frame.putInt(CRC_AT, (int) crc.getValue()));
  }

  private void noiseAfterHello(SplittableRandom random) throws IOException, Attack.Unexpected {
    for (int i = 0; i < 20; i++) {
      try (Connection connection = greeted(random)) {
        connection.write(AnyProtocol.bytes(random, 64 + random.nextInt(10_000)));
        Deadlines.AT_ONCE.closes(connection, "noise leaves the connection open");
      }
    }
  }

  private void badPayload(SplittableRandom random) throws IOException, Attack.Unexpected {
    Payload bytes = Payload.of(ByteBuffer.allocateDirect(4096), 4096, ignored -> {});
    BlockRun run =
        new BlockRun(0, new BlockKind[] {BlockKind.DATA}, new long[] {1}, new int[] {7}, bytes);
    try (Connection connection = greeted(random)) {
      connection.write(bytes(frame(new Message.Write(2, 0, 0, Message.WriteMode.IF_NEWER, run))));
      Deadlines.AT_ONCE.closes(connection, "the connection stays open");
    }
  }

  /** Of the promised epoch where they change nothing, else of another. */
  private void wildOrders(SplittableRandom random) throws IOException, Attack.Unexpected {
    int epoch = replica.getPromisedEpoch();
    for (int wrong : new int[] {-1, 0, epoch - 1, Integer.MAX_VALUE}) {
      answered(random, new Message.Sync(2, wrong, 0));
      answered(random, new Message.WriteRange(2, wrong, 0, 0, 1, 1));
    }
    for (int right : new int[] {epoch, epoch + 1, epoch + 2}) {
      answered(random, new Message.Read(2, right, -1, 1));
      answered(random, new Message.Read(2, right, 0, -1));
      answered(random, new Message.Read(2, right, 1L << 50, 1));
      answered(random, new Message.Read(2, right, 0, Integer.MAX_VALUE));
      answered(random, new Message.Digest(2, right, new long[] {-1, Long.MIN_VALUE, 1L << 57}));
      answered(random, new Message.PullExtent(2, right, 1, -1));
      answered(random, new Message.PullExtent(2, right, 1, Long.MAX_VALUE));
      answered(random, new Message.ListExtents(2, right, -1, Long.MIN_VALUE));
      answered(random, new Message.WriteRange(2, right, 0, 0, Long.MAX_VALUE, 1));
    }
  }

  /** With anything but what was asked for, or with the connection's end. */
  private void answered(SplittableRandom random, Message order)
      throws IOException, Attack.Unexpected {
    try (Connection connection = greeted(random)) {
      connection.write(bytes(frame(order)));
      int answer;
      try {
        answer = Answer.read(connection).command();
      } catch (IOException closed) {
        return;
      }
      boolean refusal = answer == Answer.FENCED || answer == Answer.DONE;
      expect(
          refusal || order instanceof Message.ListExtents || order instanceof Message.Digest,
          order + " is answered with command " + answer);
    }
  }

  @Override
  public Optional<Connection> silent() throws IOException {
    return Optional.of(Connection.open(address));
  }

  @Override
  public void probe() throws IOException {
    greeted(new SplittableRandom()).close();
  }
}
