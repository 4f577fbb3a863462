package io.ashlar.node.frontend.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.node.frontend.nbd.NbdClient.Chunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests over a real socket to a volume in memory; after each test no buffer is out on lease. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
final class TransmissionTest {
  private static final long END = NbdFixture.SIZE_BYTES;

  @TempDir Path folder;
  private NbdFixture nbd;
  private NbdClient client;

  @BeforeEach
  void start() throws IOException {
    nbd = new NbdFixture(folder);
  }

  @AfterEach
  void everythingIsGivenBack() throws Exception {
    client.close();
    assertThat(nbd.eventually(() -> nbd.server.connections() == 0)).isTrue();
    nbd.disk.release();
    assertThat(nbd.eventually(() -> nbd.pool.outstanding() == 0)).isTrue();
    nbd.close();
  }

  private static byte[] pattern(int length) {
    byte[] data = new byte[length];
    for (int i = 0; i < length; i++) {
      data[i] = (byte) (i * 31 + 7);
    }
    return data;
  }

  private int errorOf(int type, int flags, long offset, long length) throws IOException {
    client.request(type, flags, 5, offset, length);
    return client.reply(0).error();
  }

  @Test
  void whatIsWrittenAtAnyAlignmentIsReadBack() throws IOException {
    client = nbd.simple("disk");
    byte[] data = pattern(1_000_003);
    client.write(0, 1, 777, data);
    assertThat(client.reply(0)).isEqualTo(new NbdClient.Reply(1, 0, NbdClient.none()));
    client.request(Nbd.CMD_READ, 0, 2, 777, data.length);
    assertThat(client.reply(data.length).data().array()).isEqualTo(data);
  }

  @Test
  void fuaAndFlushReachTheDeviceAndAreAnsweredOnlyAfterIt() throws Exception {
    client = nbd.simple("disk");
    nbd.disk.holding = true;
    client.write(Nbd.FLAG_FUA, 1, 0, pattern(4096));
    client.request(Nbd.CMD_FLUSH, 0, 2, 0, 0);
    assertThat(nbd.eventually(() -> nbd.disk.unanswered == 2)).isTrue();
    assertThat(client.in.available()).isZero();
    assertThat(nbd.onLoop(() -> nbd.disk.seen.get(0).fua())).isTrue();
    assertThat(nbd.onLoop(() -> nbd.disk.seen.get(1).kind())).isEqualTo(Kind.FLUSH);
    nbd.disk.release();
    assertThat(client.reply(0).cookie()).isEqualTo(1);
    assertThat(client.reply(0).cookie()).isEqualTo(2);
  }

  @Test
  void rangesBeyondTheEndAreRefusedAsTheProtocolSays() throws IOException {
    client = nbd.simple("disk");
    assertThat(errorOf(Nbd.CMD_READ, 0, END, 512)).isEqualTo(Nbd.EINVAL);
    assertThat(errorOf(Nbd.CMD_READ, 0, -1, 512)).isEqualTo(Nbd.EINVAL);
    assertThat(errorOf(Nbd.CMD_TRIM, 0, END - 1, 2)).isEqualTo(Nbd.ENOSPC);
    assertThat(errorOf(Nbd.CMD_WRITE_ZEROES, 0, Long.MAX_VALUE, 2)).isEqualTo(Nbd.ENOSPC);
    client.write(0, 6, END - 10, new byte[20]);
    assertThat(client.reply(0).error()).isEqualTo(Nbd.ENOSPC);
    assertThat(errorOf(Nbd.CMD_WRITE, 0, 0, 0)).isZero();
  }

  @Test
  void oversizedReadsAndWritesAreRefusedBeforeAnyBufferIsTaken() throws Exception {
    client = nbd.simple("disk");
    assertThat(errorOf(Nbd.CMD_READ, 0, 0, Nbd.PAYLOAD_BYTES_MAX + 1)).isEqualTo(Nbd.EINVAL);
    client.request(Nbd.CMD_WRITE, 0, 7, 0, Nbd.PAYLOAD_BYTES_MAX + 4096);
    assertThat(client.reply(0).error()).isEqualTo(Nbd.EINVAL);
    assertThat(nbd.onLoop(nbd.pool::outstanding)).isZero();
    client.send(ByteBuffer.allocate(Nbd.PAYLOAD_BYTES_MAX + 4096));
    assertThat(errorOf(Nbd.CMD_FLUSH, 0, 0, 0)).isZero();
  }

  @Test
  void unknownCommandsAndFlagsAreInvalidAndCacheIsRefused() throws IOException {
    client = nbd.simple("disk");
    assertThat(errorOf(99, 0, 0, 512)).isEqualTo(Nbd.EINVAL);
    assertThat(errorOf(5, 0, 0, 512)).isEqualTo(Nbd.EINVAL);
    assertThat(errorOf(Nbd.CMD_READ, 0x8000, 0, 512)).isEqualTo(Nbd.EINVAL);
    assertThat(errorOf(Nbd.CMD_READ, Nbd.FLAG_DF, 0, 512)).isEqualTo(Nbd.EINVAL);
    assertThat(errorOf(Nbd.CMD_BLOCK_STATUS, 0, 0, 512)).isEqualTo(Nbd.EINVAL);
  }

  @Test
  void aReadOnlyExportRefusesEveryChange() throws Exception {
    client = nbd.simple("readonly");
    client.write(0, 1, 0, pattern(4096));
    assertThat(client.reply(0).error()).isEqualTo(Nbd.EPERM);
    assertThat(errorOf(Nbd.CMD_TRIM, 0, 0, 4096)).isEqualTo(Nbd.EPERM);
    assertThat(errorOf(Nbd.CMD_WRITE_ZEROES, 0, 0, 4096)).isEqualTo(Nbd.EPERM);
    assertThat(nbd.onLoop(nbd.disk.seen::isEmpty)).isTrue();
  }

  @Test
  void statesOfTheDeviceHaveTheirErrors() throws IOException {
    client = nbd.simple("disk");
    nbd.disk.failure = Status.IO_ERROR;
    assertThat(errorOf(Nbd.CMD_READ, 0, 0, 512)).isEqualTo(Nbd.EIO);
    nbd.disk.failure = Status.NO_SPACE;
    assertThat(errorOf(Nbd.CMD_TRIM, 0, 0, 512)).isEqualTo(Nbd.ENOSPC);
    nbd.disk.failure = Status.SHUT_DOWN;
    assertThat(errorOf(Nbd.CMD_FLUSH, 0, 0, 0)).isEqualTo(Nbd.ESHUTDOWN);
  }

  @Test
  void structuredReadsComeInOneChunkEvenWithDontFragment() throws IOException {
    client = nbd.structured("disk");
    byte[] data = pattern(300_000);
    client.write(0, 1, 4096, data);
    assertThat(client.chunk().type()).isEqualTo(Nbd.CHUNK_NONE);
    client.request(Nbd.CMD_READ, Nbd.FLAG_DF, 2, 4096, data.length);
    Chunk chunk = client.chunk();
    assertThat(chunk.flags()).isEqualTo(Nbd.CHUNK_DONE);
    assertThat(chunk.type()).isEqualTo(Nbd.CHUNK_OFFSET_DATA);
    assertThat(chunk.data().getLong()).isEqualTo(4096);
    assertThat(chunk.data().slice()).isEqualTo(ByteBuffer.wrap(data));
    client.request(Nbd.CMD_READ, 0, 3, END, 1);
    Chunk error = client.chunk();
    assertThat(error.type()).isEqualTo(Nbd.CHUNK_ERROR);
    assertThat(error.data().getInt()).isEqualTo(Nbd.EINVAL);
  }

  @Test
  void blockStatusTellsHolesAndOneExtentIfAskedForOne() throws IOException {
    client = nbd.structured("disk");
    client.write(0, 1, 8192, pattern(4096));
    client.chunk();
    client.request(Nbd.CMD_BLOCK_STATUS, 0, 2, 0, 1 << 20);
    assertThat(ints(client.chunk())).containsExactly(1, 8192, 3, 4096, 0, (1 << 20) - 12_288, 3);
    client.request(Nbd.CMD_BLOCK_STATUS, Nbd.FLAG_REQ_ONE, 3, 0, 1 << 20);
    assertThat(ints(client.chunk())).containsExactly(1, 8192, 3);
  }

  private static int[] ints(Chunk chunk) {
    assertThat(chunk.type()).isEqualTo(Nbd.CHUNK_BLOCK_STATUS);
    int[] numbers = new int[chunk.data().remaining() / 4];
    chunk.data().asIntBuffer().get(numbers);
    return numbers;
  }

  @Test
  void zeroesLeaveAHoleUnlessThatIsForbidden() throws IOException {
    client = nbd.structured("disk");
    byte[] data = new byte[3 << 20];
    Arrays.fill(data, (byte) 1);
    client.write(0, 1, 0, data);
    client.chunk();
    client.request(Nbd.CMD_WRITE_ZEROES, Nbd.FLAG_NO_HOLE, 2, 0, (2 << 20) + 4096);
    assertThat(client.chunk().type()).isEqualTo(Nbd.CHUNK_NONE);
    client.request(Nbd.CMD_WRITE_ZEROES, 0, 3, 0, 4096);
    client.chunk();
    client.request(Nbd.CMD_BLOCK_STATUS, 0, 4, 0, 3 << 20);
    assertThat(ints(client.chunk())).containsExactly(1, 4096, 3, (3 << 20) - 4096, 0);
    client.request(Nbd.CMD_READ, 0, 5, 1 << 20, 4096);
    assertThat(client.chunk().data().slice(8, 4096)).isEqualTo(ByteBuffer.allocate(4096));
  }

  @Test
  void disconnectFinishesWhatIsInFlightAndEndsTheSession() throws Exception {
    client = nbd.simple("disk");
    nbd.disk.holding = true;
    client.write(0, 1, 0, pattern(4096));
    client.request(Nbd.CMD_DISC, 0, 2, 0, 0);
    assertThat(nbd.eventually(() -> nbd.disk.unanswered == 1)).isTrue();
    nbd.disk.release();
    assertThat(client.reply(0).cookie()).isEqualTo(1);
    assertThat(client.ended()).isTrue();
    assertThat(nbd.eventually(() -> nbd.disk.ended.size() == 1)).isTrue();
  }

  @Test
  void aStoppingServerFinishesWhatIsInFlightAndRefusesTheRest() throws Exception {
    client = nbd.simple("disk");
    nbd.disk.holding = true;
    client.write(0, 1, 0, pattern(4096));
    assertThat(nbd.eventually(() -> nbd.disk.unanswered == 1)).isTrue();
    boolean stopped =
        nbd.onLoop(
            () -> {
              nbd.server.stop();
              return true;
            });
    assertThat(stopped).isTrue();
    client.request(Nbd.CMD_READ, 0, 2, 0, 512);
    assertThat(client.reply(0)).isEqualTo(new NbdClient.Reply(2, Nbd.ESHUTDOWN, NbdClient.none()));
    nbd.disk.release();
    assertThat(client.reply(0).error()).isZero();
    assertThat(client.ended()).isTrue();
  }

  @Test
  void aLostConnectionEndsItsSessionOnceAndHalfAWriteIsForgotten() throws Exception {
    client = nbd.simple("disk");
    client.request(Nbd.CMD_WRITE, 0, 1, 0, 1 << 20);
    client.send(ByteBuffer.allocate(1000));
    assertThat(nbd.eventually(() -> nbd.pool.outstanding() == 1)).isTrue();
    client.close();
    assertThat(nbd.eventually(() -> nbd.disk.ended.size() == 1)).isTrue();
    assertThat(nbd.onLoop(nbd.disk.seen::isEmpty)).isTrue();
  }

  @Test
  void wrongMagicOfARequestCloses() throws IOException {
    client = nbd.simple("disk");
    client.send(ByteBuffer.allocate(28).putInt(0xbad).rewind());
    assertThat(client.ended()).isTrue();
  }

  @Test
  void requestsInFlightAreBoundedWhenTheDeviceIsSlow() throws Exception {
    client = nbd.simple("disk");
    nbd.disk.holding = true;
    int count = 2000;
    ByteBuffer many = ByteBuffer.allocate(Nbd.REQUEST_BYTES * count);
    for (int i = 0; i < count; i++) {
      many.put(NbdClient.header(Nbd.CMD_READ, 0, i, 0, 512));
    }
    client.send(many.flip());
    assertThat(nbd.eventually(() -> nbd.disk.unanswered >= 128)).isTrue();
    nbd.disk.release();
    for (int i = 0; i < count; i++) {
      assertThat(client.reply(512).cookie()).isEqualTo(i);
    }
    assertThat(nbd.disk.unansweredMax).isLessThanOrEqualTo(128);
  }

  @Test
  @Timeout(20)
  void writesThatAreOnlyAnnouncedHoldUpNobody() throws Exception {
    List<NbdClient> stopped = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      NbdClient half = nbd.simple("disk");
      stopped.add(half);
      half.request(Nbd.CMD_WRITE, 0, 1, 0, Nbd.PAYLOAD_BYTES_MAX);
      half.send(ByteBuffer.allocate(100));
    }
    assertThat(nbd.eventually(() -> nbd.pool.outstanding() == stopped.size())).isTrue();
    client = nbd.simple("disk");
    client.request(Nbd.CMD_READ, 0, 2, 0, 512);
    assertThat(client.reply(512).cookie()).isEqualTo(2);
    for (NbdClient half : stopped) {
      half.close();
    }
  }

  @Test
  void aClientThatDoesNotReadIsNotReadFromForEver() throws Exception {
    client = nbd.simple("disk");
    ByteBuffer many = ByteBuffer.allocate(28 * 100_000);
    for (int i = 0; i < 100_000; i++) {
      many.put(NbdClient.header(Nbd.CMD_READ, 0, i, 0, 1 << 20));
    }
    long sent = client.sendWhatGoes(many.flip());
    assertThat(sent).isLessThan(28 * 100_000);
    assertThat(nbd.onLoop(nbd.pool::outstanding)).isLessThanOrEqualTo(64L);
    assertThat(client.reply(1 << 20).cookie()).isZero();
  }
}
