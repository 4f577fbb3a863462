package io.ashlar.node.frontend.fuse;

import java.nio.ByteBuffer;

/**
 * Offsets and numbers of the FUSE protocol (linux/fuse.h, version 7), host byte order. Only what
 * one file under a loop device needs.
 *
 * <pre>
 * request                        answer
 *   0  4 length                    0  4 length
 *   4  4 opcode                    4  4 -errno, or code of a notification
 *   8  8 unique                    8  8 unique
 *  16  8 node                     16    body
 *  24 12 uid, gid, pid
 *  40    body
 * </pre>
 */
final class FuseWire {
  static final int IN_HEADER_BYTES = 40;
  static final int WRITE_IN_BYTES = 40;
  static final int OUT_HEADER_BYTES = 16;
  static final int LEAD_BYTES = IN_HEADER_BYTES + WRITE_IN_BYTES;

  // opcodes
  static final int LOOKUP = 1;
  static final int FORGET = 2;
  static final int GETATTR = 3;
  static final int SETATTR = 4;
  static final int OPEN = 14;
  static final int READ = 15;
  static final int WRITE = 16;
  static final int STATFS = 17;
  static final int RELEASE = 18;
  static final int FSYNC = 20;
  static final int FLUSH = 25;
  static final int INIT = 26;
  static final int OPENDIR = 27;
  static final int READDIR = 28;
  static final int RELEASEDIR = 29;
  static final int INTERRUPT = 36;
  static final int DESTROY = 38;
  static final int BATCH_FORGET = 42;
  static final int FALLOCATE = 43;

  // notifications
  static final int NOTIFY_INVAL_INODE = 2;
  static final int NOTIFY_RESEND = 7;

  // errors
  static final int ENOENT = 2;
  static final int EIO = 5;
  static final int ENOSPC = 28;
  static final int ENOSYS = 38;
  static final int EOPNOTSUPP = 95;

  static final int FALLOCATE_KEEP_SIZE = 1;
  static final int FALLOCATE_PUNCH_HOLE = 2;
  static final int FALLOCATE_ZERO_RANGE = 0x10;
  static final int O_DSYNC = 010000;

  private FuseWire() {}

  static int lengthBytes(ByteBuffer request) {
    return request.getInt(0);
  }

  static int opcode(ByteBuffer request) {
    return request.getInt(4);
  }

  /** To be echoed as it is: after a restart, bit 63 marks a request that was sent again. */
  static long unique(ByteBuffer request) {
    return request.getLong(8);
  }

  static long node(ByteBuffer request) {
    return request.getLong(16);
  }

  /** Of READ, WRITE and FALLOCATE alike. */
  static long offsetBytes(ByteBuffer request) {
    return request.getLong(IN_HEADER_BYTES + 8);
  }

  /** Of READ and WRITE. */
  static int sizeBytes(ByteBuffer request) {
    return request.getInt(IN_HEADER_BYTES + 16);
  }

  static int writeOpenFlags(ByteBuffer request) {
    return request.getInt(IN_HEADER_BYTES + 32);
  }

  static long fallocateLengthBytes(ByteBuffer request) {
    return request.getLong(IN_HEADER_BYTES + 16);
  }

  static int fallocateMode(ByteBuffer request) {
    return request.getInt(IN_HEADER_BYTES + 24);
  }
}
