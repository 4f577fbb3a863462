package io.ashlar.node.frontend.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A request's header, and what of it can be at all. */
final class NbdRequestTest {
  private static final long SIZE = 1 << 20;

  private static NbdRequest request(int type, int flags, long offset, long length) {
    return new NbdRequest(Nbd.REQUEST_MAGIC, flags, type, 77, offset, length);
  }

  @Test
  void everyFieldIsReadFromItsPlaceAndLengthsAreUnsigned() {
    NbdRequest read =
        NbdRequest.read(
            Unpooled.buffer()
                .writeInt(0x25609513)
                .writeShort(0xfffe)
                .writeShort(0xfffd)
                .writeLong(0x0102030405060708L)
                .writeLong(-2)
                .writeInt(-1));
    assertThat(read)
        .isEqualTo(
            new NbdRequest(0x25609513, 0xfffe, 0xfffd, 0x0102030405060708L, -2, 0xffffffffL));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, true",
    "0, 1048576, true",
    "0, 1048577, false",
    "1048576, 0, true",
    "1048575, 1, true",
    "1048575, 2, false",
    "1048577, 0, false",
    "-1, 1, false",
    "-9223372036854775808, 0, false",
    "9223372036854775807, 4294967295, false",
  })
  void aRangeFitsIfAllOfItIsOnTheDevice(long offset, long length, boolean fits) {
    assertThat(request(Nbd.CMD_READ, 0, offset, length).fits(SIZE)).isEqualTo(fits);
  }

  @Test
  void onlyAWriteBringsBytesAndOnlyThreeChangeAnything() {
    for (int type = 0; type < 10; type++) {
      boolean write = type == Nbd.CMD_WRITE;
      boolean other = type == Nbd.CMD_TRIM || type == Nbd.CMD_WRITE_ZEROES;
      assertThat(request(type, 0, 0, 4096).payloadBytes()).isEqualTo(write ? 4096 : 0);
      assertThat(request(type, 0, 0, 4096).changes()).as("type %d", type).isEqualTo(write || other);
    }
  }

  @Test
  void flagsAreTakenWithTheCommandThatTheyBelongTo() {
    for (int type = 0; type < 10; type++) {
      assertThat(request(type, Nbd.FLAG_FUA, 0, 1).flagsAreKnown(true)).isTrue();
      assertThat(request(type, 1 << 15, 0, 1).flagsAreKnown(true)).isFalse();
      assertThat(request(type, Nbd.FLAG_NO_HOLE, 0, 1).flagsAreKnown(true))
          .isEqualTo(type == Nbd.CMD_WRITE_ZEROES);
      assertThat(request(type, Nbd.FLAG_REQ_ONE, 0, 1).flagsAreKnown(true))
          .isEqualTo(type == Nbd.CMD_BLOCK_STATUS);
      assertThat(request(type, Nbd.FLAG_DF, 0, 1).flagsAreKnown(true))
          .isEqualTo(type == Nbd.CMD_READ);
      assertThat(request(type, Nbd.FLAG_DF, 0, 1).flagsAreKnown(false)).isFalse();
    }
  }
}
