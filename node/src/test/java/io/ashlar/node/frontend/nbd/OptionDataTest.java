package io.ashlar.node.frontend.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lengths inside an option's data: the client's, so any of them may be wrong. */
final class OptionDataTest {
  private static ByteBuf string(ByteBuf into, String text) {
    return into.writeInt(text.getBytes(UTF_8).length).writeBytes(text.getBytes(UTF_8));
  }

  private static ByteBuf info(String name, int pieces, int piecesThere) {
    ByteBuf data = string(Unpooled.buffer(), name).writeShort(pieces);
    return data.writeZero(piecesThere * Short.BYTES);
  }

  private static ByteBuf asks(int count, String... queries) {
    ByteBuf data = string(Unpooled.buffer(), "disk").writeInt(count);
    for (String query : queries) {
      string(data, query);
    }
    return data;
  }

  @Test
  void theNameOfAnInfoIsReadWhateverPiecesAreAskedFor() {
    assertThat(OptionData.infoRequest(info("disk", 0, 0))).contains("disk");
    assertThat(OptionData.infoRequest(info("Größe", 3, 3))).contains("Größe");
    assertThat(OptionData.infoRequest(info("", 0, 0))).contains("");
  }

  @Test
  void piecesThatAreNotThereOrNotAnnouncedMakeItInvalid() {
    assertThat(OptionData.infoRequest(info("disk", 1, 0))).isEmpty();
    assertThat(OptionData.infoRequest(info("disk", 0, 1))).isEmpty();
    assertThat(OptionData.infoRequest(info("disk", 0xffff, 2))).isEmpty();
    assertThat(OptionData.infoRequest(info("disk", 0, 0).writeByte(0))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 0x7fffffff, 0x80000000, -1})
  void aNameLongerThanItsOptionIsInvalid(int length) {
    assertThat(OptionData.infoRequest(Unpooled.buffer().writeInt(length).writeInt(0))).isEmpty();
    assertThat(OptionData.queries(Unpooled.buffer().writeInt(length).writeInt(0))).isEmpty();
  }

  @Test
  void queriesAreReadInTheirOrder() {
    assertThat(OptionData.queries(asks(2, "base:allocation", "other:x")))
        .contains(new OptionData.Queries("disk", List.of("base:allocation", "other:x")));
  }

  @Test
  void aCountOfQueriesThatIsNotTheirNumberIsInvalid() {
    assertThat(OptionData.queries(asks(1))).isEmpty();
    assertThat(OptionData.queries(asks(2, "base:"))).isEmpty();
    assertThat(OptionData.queries(asks(0, "base:"))).isEmpty();
    assertThat(OptionData.queries(asks(-1, "base:"))).isEmpty();
  }

  @Test
  void whoAsksForNothingInParticularIsToldOfBaseAllocation() {
    assertThat(OptionData.queries(asks(0)).orElseThrow().listsBase()).isTrue();
    assertThat(OptionData.queries(asks(1, "base:")).orElseThrow().listsBase()).isTrue();
    assertThat(OptionData.queries(asks(1, "other:")).orElseThrow().listsBase()).isFalse();
  }

  /** Anything but an answer would be an exception on the data loop, which ends the daemon. */
  @Test
  void everyCutAndEveryNoiseHasAnAnswer() {
    ByteBuf whole = asks(2, "base:allocation", "other:x");
    for (int length = 0; length < whole.readableBytes(); length++) {
      assertThat(OptionData.queries(whole.copy(0, length))).as("cut at %d", length).isEmpty();
    }
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 100_000; i++) {
      byte[] noise = new byte[random.nextInt(40)];
      random.nextBytes(noise);
      for (int zeroed = 0; zeroed < Math.min(3, noise.length); zeroed++) {
        noise[zeroed] = 0; // else hardly a length would fit
      }
      var _ = OptionData.queries(Unpooled.wrappedBuffer(noise));
      var _ = OptionData.infoRequest(Unpooled.wrappedBuffer(noise));
    }
  }

  @Test
  void aNameInTheLogIsShortAndOneLine() {
    assertThat(OptionData.printable("a\nevent=forged \u001b[1mé"))
        .isEqualTo("a?event=forged ?[1m?");
    assertThat(OptionData.printable("x".repeat(4000))).isEqualTo("x".repeat(80));
  }
}
