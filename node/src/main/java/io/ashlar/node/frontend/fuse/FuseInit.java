package io.ashlar.node.frontend.fuse;

import static io.ashlar.node.frontend.fuse.FuseWire.IN_HEADER_BYTES;

import java.nio.ByteBuffer;

/**
 * The answer to INIT. The kernel sends INIT once a mount, so a later process of ours never sees it:
 * what is negotiated here is constant, and {@link #CONTRACT} names it. Change the number with any
 * change, and the devices of an older process are not taken over.
 */
final class FuseInit {
  /** Kept with a held connection; another number is another agreement with the kernel. */
  static final int CONTRACT = 1;

  /** Largest READ and WRITE. */
  static final int TRANSFER_BYTES_MAX = 1 << 20;

  static final int INIT_OUT_BYTES = 64;

  private static final int MAJOR = 7;
  private static final int MINOR_MAX = 40;
  private static final int PAGES_MAX = 256;
  private static final int BACKGROUND_MAX = 256;
  private static final int CONGESTION = 192;

  private static final int ASYNC_READ = 1;
  private static final int BIG_WRITES = 1 << 5;
  private static final int ASYNC_DIO = 1 << 15;
  private static final int MAX_PAGES = 1 << 22;
  private static final int INIT_EXT = 1 << 30;
  private static final int WANTED = ASYNC_READ | BIG_WRITES | ASYNC_DIO | MAX_PAGES | INIT_EXT;

  /** Bit 39 of the flags: the kernel sends requests again when asked (6.9 and later). */
  private static final int HAS_RESEND_HIGH = 1 << 7;

  private FuseInit() {}

  /** True if the kernel can send requests again, without which a restart would lose them. */
  static boolean offersResend(ByteBuffer request) {
    boolean extended = (request.getInt(IN_HEADER_BYTES + 12) & INIT_EXT) != 0;
    return extended && (request.getInt(IN_HEADER_BYTES + 16) & HAS_RESEND_HIGH) != 0;
  }

  /** Writes the body of the answer at the buffer's index {@code at}. */
  static void answer(ByteBuffer request, ByteBuffer out, int at) {
    int offered = request.getInt(IN_HEADER_BYTES + 12);
    int minor = Math.min(request.getInt(IN_HEADER_BYTES + 4), MINOR_MAX);
    zero(out, at, INIT_OUT_BYTES);
    out.putInt(at, MAJOR);
    out.putInt(at + 4, minor);
    out.putInt(at + 8, request.getInt(IN_HEADER_BYTES + 8));
    out.putInt(at + 12, offered & WANTED);
    out.putShort(at + 16, (short) BACKGROUND_MAX);
    out.putShort(at + 18, (short) CONGESTION);
    out.putInt(at + 20, TRANSFER_BYTES_MAX);
    out.putInt(at + 24, 1);
    out.putShort(at + 28, (short) PAGES_MAX);
    out.putInt(at + 32, offersResend(request) ? HAS_RESEND_HIGH : 0);
  }

  static void zero(ByteBuffer out, int at, int lengthBytes) {
    for (int i = 0; i < lengthBytes; i += 4) {
      out.putInt(at + i, 0);
    }
  }
}
