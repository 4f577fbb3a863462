package io.ashlar.seal;

import static io.ashlar.model.Blocks.BLOCK_BYTES;

import io.ashlar.block.Payload;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32C;

/** Blocks as users have them. */
final class Samples {
  private Samples() {}

  static byte[] zeros() {
    return new byte[BLOCK_BYTES];
  }

  static byte[] text(Random random) {
    StringBuilder text = new StringBuilder();
    while (text.length() < BLOCK_BYTES) {
      text.append("2026-11-23 03:09:45 node-").append(random.nextInt(100)).append(" says: ");
      text.append(Integer.toString(random.nextInt(), 36)).append('\n');
    }
    return text.substring(0, BLOCK_BYTES).getBytes(StandardCharsets.US_ASCII);
  }

  static byte[] noise(Random random) {
    byte[] bytes = new byte[BLOCK_BYTES];
    random.nextBytes(bytes);
    return bytes;
  }

  static byte[] halfNoise(Random random) {
    byte[] bytes = noise(random);
    System.arraycopy(new byte[BLOCK_BYTES / 2], 0, bytes, 0, BLOCK_BYTES / 2);
    return bytes;
  }

  static byte[] any(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> zeros();
      case 1 -> text(random);
      case 2 -> noise(random);
      default -> halfNoise(random);
    };
  }

  static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  static byte[] bytes(Payload payload) {
    return bytes(payload, 0, payload.lengthBytes());
  }

  static byte[] bytes(Payload payload, int from, int length) {
    byte[] bytes = new byte[length];
    payload.view(from, length).get(bytes);
    return bytes;
  }

  static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
