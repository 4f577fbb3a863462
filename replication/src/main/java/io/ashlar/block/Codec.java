package io.ashlar.block;

/** How a block's bytes were made smaller before they were stored. Codes are stored and sent. */
public enum Codec {
  /** Not at all. */
  RAW(0),
  /** LZ4 block format, without a frame. */
  LZ4(1),
  /** One Zstandard frame (RFC 8878). */
  ZSTD(2);

  private static final Codec[] VALUES = values();
  private final int code;

  Codec(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  public static boolean isCode(int code) {
    return code >= 0 && code < VALUES.length;
  }

  public static Codec ofCode(int code) {
    if (!isCode(code)) {
      throw new IllegalArgumentException("no codec has code " + code);
    }
    return VALUES[code];
  }
}
