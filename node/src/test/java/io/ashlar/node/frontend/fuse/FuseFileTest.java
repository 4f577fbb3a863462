package io.ashlar.node.frontend.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.model.VolumeId;
import io.ashlar.node.frontend.fuse.holder.DescriptorKeeper.HeldKey;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Answers to the requests that move no data, byte by byte. */
final class FuseFileTest {
  private static final String NAME = "tag@vol-1@1";

  private final FuseFile file = new FuseFile(NAME, 1 << 20);
  private final ByteBuffer out = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());

  private static ByteBuffer request(int opcode, long node, byte[] body) {
    ByteBuffer request =
        ByteBuffer.allocate(FuseWire.IN_HEADER_BYTES + Math.max(body.length, 104))
            .order(ByteOrder.nativeOrder());
    request.putInt(0, FuseWire.IN_HEADER_BYTES + body.length).putInt(4, opcode).putLong(16, node);
    return request.put(FuseWire.IN_HEADER_BYTES, body);
  }

  private int lookup(String name) {
    byte[] body = (name + "\0").getBytes(StandardCharsets.UTF_8);
    return file.answer(request(FuseWire.LOOKUP, 1, body), out, 0);
  }

  @Test
  void onlyTheOneNameIsFound() {
    assertThat(lookup(NAME)).isEqualTo(128);
    assertThat(out.getLong(0)).isEqualTo(FuseFile.FILE_NODE);
    assertThat(out.getLong(48)).isEqualTo(1 << 20);
    assertThat(lookup(NAME + "x")).isEqualTo(-FuseWire.ENOENT);
    assertThat(lookup("")).isEqualTo(-FuseWire.ENOENT);
  }

  @Test
  void attributesFollowTheSize() {
    file.resize(2 << 20);
    assertThat(file.answer(request(FuseWire.SETATTR, 2, new byte[88]), out, 0)).isEqualTo(104);
    assertThat(out.getLong(24)).isEqualTo(2 << 20);
    assertThat(out.getInt(76)).isEqualTo(0100600);
    assertThat(file.answer(request(FuseWire.GETATTR, 1, new byte[16]), out, 0)).isEqualTo(104);
    assertThat(out.getInt(76)).isEqualTo(0040700);
  }

  @Test
  void initAgreesToWhatIsOfferedAndWantedOnly() {
    ByteBuffer init = request(FuseWire.INIT, 0, new byte[64]);
    init.putInt(40, 7).putInt(44, 45).putInt(52, 1 << 30 | 1 << 22 | 1 << 3).putInt(56, -1);
    assertThat(file.answer(init, out, 0)).isEqualTo(64);
    assertThat(out.getInt(4)).isEqualTo(40);
    assertThat(out.getInt(12)).isEqualTo(1 << 30 | 1 << 22);
    assertThat(out.getInt(32)).isEqualTo(1 << 7);
    init.putInt(52, 0);
    assertThat(FuseInit.offersResend(init)).isFalse();
  }

  @Test
  void unknownRequestsAreNotImplementedAndForgetsNotAnswered() {
    assertThat(file.answer(request(22, 2, new byte[0]), out, 0)).isEqualTo(-FuseWire.ENOSYS);
    assertThat(file.answer(request(FuseWire.FORGET, 2, new byte[8]), out, 0))
        .isEqualTo(FuseFile.NO_ANSWER);
    assertThat(file.answer(request(FuseWire.READ, 2, new byte[40]), out, 0))
        .isEqualTo(FuseFile.NOT_MINE);
  }

  @Test
  void metadataOfStrangersIsNoContract() {
    assertThat(FuseMetadata.decode(new FuseMetadata(1).encode()).contract()).isEqualTo(1);
    assertThat(FuseMetadata.decode(new byte[] {1, 2}).contract()).isZero();
    assertThat(
            FuseMetadata.decode("contract=99999999999".getBytes(StandardCharsets.UTF_8)).contract())
        .isZero();
  }

  @Test
  void fileNamesCarryTagVolumeAndGeneration() {
    HeldKey key = new HeldKey(new VolumeId("vol-1"), 7);
    FuseOptions options = FuseOptions.of("tag", Path.of("/run/x"), Path.of("/dev/x"));
    assertThat(options.fileName(key.volume(), key.generation())).isEqualTo("tag@vol-1@7");
    assertThatThrownBy(() -> FuseOptions.of("a@b", options.runDir(), options.deviceDir()))
        .hasMessageContaining("tag");
  }
}
