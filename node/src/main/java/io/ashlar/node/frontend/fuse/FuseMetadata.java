package io.ashlar.node.frontend.fuse;

import java.nio.charset.StandardCharsets;

/**
 * What is kept with the descriptors of a device, as text {@code contract=N}: a later process must
 * know what an earlier one agreed with the kernel.
 */
record FuseMetadata(int contract) {
  private static final String KEY = "contract=";

  byte[] encode() {
    return (KEY + contract).getBytes(StandardCharsets.UTF_8);
  }

  /** Contract 0, which nobody serves, for anything that we do not understand. */
  static FuseMetadata decode(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    boolean known = text.startsWith(KEY) && text.length() <= KEY.length() + 6;
    String number = known ? text.substring(KEY.length()) : "";
    boolean digits = !number.isEmpty() && number.chars().allMatch(Character::isDigit);
    return new FuseMetadata(digits ? Integer.parseInt(number) : 0);
  }
}
