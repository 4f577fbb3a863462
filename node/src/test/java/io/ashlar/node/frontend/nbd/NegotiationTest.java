package io.ashlar.node.frontend.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.node.frontend.nbd.NbdClient.OptionReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The handshake over a real socket, right and wrong. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
final class NegotiationTest {
  private static final int BOTH = Nbd.FIXED_NEWSTYLE | Nbd.NO_ZEROES;

  @TempDir Path folder;
  private NbdFixture nbd;
  private NbdClient client;

  @BeforeEach
  void start() throws IOException {
    nbd = new NbdFixture(folder);
    client = nbd.connect();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    nbd.close();
  }

  @Test
  void infoTellsSizeFlagsAndBlockSizesAndGoesOnNegotiating() throws IOException {
    client.greet(BOTH);
    client.option(Nbd.OPT_INFO, NbdClient.infoData("readonly"));
    ByteBuffer export = client.optionReply().data();
    assertThat(export.getShort()).isEqualTo((short) Nbd.INFO_EXPORT);
    assertThat(export.getLong()).isEqualTo(NbdFixture.SIZE_BYTES);
    int flags = export.getShort();
    assertThat(flags & Nbd.READ_ONLY).isNotZero();
    assertThat(flags & Nbd.CAN_MULTI_CONN).isNotZero();
    assertThat(flags & (Nbd.SEND_TRIM | Nbd.SEND_WRITE_ZEROES | Nbd.SEND_DF)).isZero();
    ByteBuffer sizes = client.optionReply().data();
    assertThat(sizes.getShort()).isEqualTo((short) Nbd.INFO_BLOCK_SIZE);
    assertThat(sizes.getInt()).isEqualTo(1);
    assertThat(sizes.getInt()).isEqualTo(4096);
    assertThat(sizes.getInt()).isEqualTo(Nbd.PAYLOAD_BYTES_MAX);
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ACK);
    client.go("disk");
  }

  @Test
  void listNamesEveryExport() throws IOException {
    client.greet(BOTH);
    client.option(Nbd.OPT_LIST, NbdClient.none());
    assertThat(name(client.optionReply())).isEqualTo("disk");
    assertThat(name(client.optionReply())).isEqualTo("readonly");
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ACK);
  }

  private static String name(OptionReply reply) {
    assertThat(reply.type()).isEqualTo(Nbd.REP_SERVER);
    ByteBuffer data = reply.data();
    byte[] name = new byte[data.getInt()];
    data.get(name);
    return new String(name, UTF_8);
  }

  @Test
  void unknownOptionIsDrainedAndRefused() throws IOException {
    client.greet(BOTH);
    client.option(77, ByteBuffer.allocate(5000));
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ERR_UNSUP);
    client.option(5, NbdClient.none());
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ERR_UNSUP);
    client.go("disk");
  }

  @Test
  void oversizedOptionIsDrainedWithoutBeingKept() throws IOException {
    client.greet(BOTH);
    client.option(Nbd.OPT_INFO, ByteBuffer.allocate(1 << 20));
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ERR_TOO_BIG);
    client.go("disk");
  }

  @Test
  void lengthsThatDoNotAddUpAreInvalid() throws IOException {
    client.greet(BOTH);
    ByteBuffer data = ByteBuffer.allocate(10).putInt(-1).putInt(7).putShort((short) 3).flip();
    client.option(Nbd.OPT_GO, data);
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ERR_INVALID);
    client.option(Nbd.OPT_LIST, ByteBuffer.allocate(1));
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ERR_INVALID);
    client.go("disk");
  }

  @Test
  void unknownExportIsRefusedByNameAndByTheOldWayClosed() throws IOException {
    client.greet(BOTH);
    client.option(Nbd.OPT_GO, NbdClient.infoData("nothing"));
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ERR_UNKNOWN);
    client.option(Nbd.OPT_EXPORT_NAME, ByteBuffer.wrap("nothing".getBytes(UTF_8)));
    assertThat(client.ended()).isTrue();
  }

  @Test
  void oldExportNameSendsZeroesUnlessTheyAreRefused() throws IOException {
    client.greet(Nbd.FIXED_NEWSTYLE);
    client.option(Nbd.OPT_EXPORT_NAME, ByteBuffer.wrap("disk".getBytes(UTF_8)));
    assertThat(client.in.readLong()).isEqualTo(NbdFixture.SIZE_BYTES);
    assertThat(client.in.readUnsignedShort() & Nbd.HAS_FLAGS).isNotZero();
    assertThat(client.in.readNBytes(124)).containsOnly(0);
    client.request(Nbd.CMD_READ, 0, 9, 0, 512);
    assertThat(client.reply(512).cookie()).isEqualTo(9);
  }

  @Test
  void contextsNeedStructuredRepliesAndAreTheExportsOwn() throws IOException {
    client.greet(BOTH);
    client.option(Nbd.OPT_SET_META_CONTEXT, NbdClient.contexts("disk", Nbd.BASE_ALLOCATION));
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ERR_INVALID);
    client.option(Nbd.OPT_LIST_META_CONTEXT, NbdClient.contexts("disk", "base:"));
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_META_CONTEXT);
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ACK);
    client.negotiateStructured("readonly");
    client.go("disk");
    client.request(Nbd.CMD_BLOCK_STATUS, 0, 1, 0, 4096);
    assertThat(client.chunk().type()).isEqualTo(Nbd.CHUNK_ERROR);
  }

  @Test
  void abortIsAcknowledgedThenClosed() throws IOException {
    client.greet(BOTH);
    client.option(Nbd.OPT_ABORT, NbdClient.none());
    assertThat(client.optionReply().type()).isEqualTo(Nbd.REP_ACK);
    assertThat(client.ended()).isTrue();
  }

  @Test
  void anOptionBeforeTheClientFlagsIsRefused() throws IOException {
    client.option(Nbd.OPT_LIST, NbdClient.none());
    assertThat(client.ended()).isTrue();
  }

  @Test
  void wrongMagicOfAnOptionCloses() throws IOException {
    client.greet(BOTH);
    client.send(ByteBuffer.allocate(16).putLong(4711).flip().limit(16));
    assertThat(client.ended()).isTrue();
  }

  @Test
  void halfAnOptionAndThenNothingLeavesNothingBehind() throws Exception {
    client.greet(BOTH);
    client.send(ByteBuffer.allocate(12).putLong(Nbd.OPTION_MAGIC).putInt(7).flip());
    client.close();
    assertThat(nbd.eventually(() -> nbd.server.connections() == 0)).isTrue();
  }

  @Test
  void bytesThatComeOneByOneAreAHandshakeTooAndWorkTheSame() throws IOException {
    client.greet(BOTH);
    ByteBuffer option = ByteBuffer.allocate(26).putLong(Nbd.OPTION_MAGIC).putInt(Nbd.OPT_GO);
    option.putInt(10).put(NbdClient.infoData("disk")).flip();
    while (option.hasRemaining()) {
      client.send(ByteBuffer.wrap(new byte[] {option.get()}));
    }
    assertThat(client.lastOptionReply().type()).isEqualTo(Nbd.REP_ACK);
  }
}
