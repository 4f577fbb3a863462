package io.ashlar.node.frontend.nbd;

import java.util.Set;

/** Numbers of the NBD protocol; big-endian on the wire. Source: doc/proto.md of the nbd project. */
final class Nbd {
  static final long MAGIC = 0x4e42444d41474943L;
  static final long OPTION_MAGIC = 0x49484156454f5054L;
  static final long OPTION_REPLY_MAGIC = 0x0003e889045565a9L;
  static final int REQUEST_MAGIC = 0x25609513;
  static final int SIMPLE_REPLY_MAGIC = 0x67446698;
  static final int CHUNK_MAGIC = 0x668e33ef;

  static final int FIXED_NEWSTYLE = 1;
  static final int NO_ZEROES = 2;

  static final int OPT_EXPORT_NAME = 1;
  static final int OPT_ABORT = 2;
  static final int OPT_LIST = 3;
  static final int OPT_INFO = 6;
  static final int OPT_GO = 7;
  static final int OPT_STRUCTURED_REPLY = 8;
  static final int OPT_LIST_META_CONTEXT = 9;
  static final int OPT_SET_META_CONTEXT = 10;

  static final int REP_ACK = 1;
  static final int REP_SERVER = 2;
  static final int REP_INFO = 3;
  static final int REP_META_CONTEXT = 4;
  static final int REP_ERR_UNSUP = 0x80000001;
  static final int REP_ERR_INVALID = 0x80000003;
  static final int REP_ERR_UNKNOWN = 0x80000006;
  static final int REP_ERR_SHUTDOWN = 0x80000007;
  static final int REP_ERR_TOO_BIG = 0x80000009;

  static final int INFO_EXPORT = 0;
  static final int INFO_BLOCK_SIZE = 3;

  static final int CMD_READ = 0;
  static final int CMD_WRITE = 1;
  static final int CMD_DISC = 2;
  static final int CMD_FLUSH = 3;
  static final int CMD_TRIM = 4;
  static final int CMD_WRITE_ZEROES = 6;
  static final int CMD_BLOCK_STATUS = 7;

  static final int FLAG_FUA = 1;
  static final int FLAG_NO_HOLE = 2;
  static final int FLAG_DF = 4;
  static final int FLAG_REQ_ONE = 8;

  static final int HAS_FLAGS = 1;
  static final int READ_ONLY = 2;
  static final int SEND_FLUSH = 4;
  static final int SEND_FUA = 8;
  static final int SEND_TRIM = 32;
  static final int SEND_WRITE_ZEROES = 64;
  static final int SEND_DF = 128;
  static final int CAN_MULTI_CONN = 256;

  static final int CHUNK_DONE = 1;
  static final int CHUNK_NONE = 0;
  static final int CHUNK_OFFSET_DATA = 1;
  static final int CHUNK_BLOCK_STATUS = 5;
  static final int CHUNK_ERROR = 0x8001;

  static final int STATE_HOLE = 1;
  static final int STATE_ZERO = 2;

  static final int OK = 0;
  static final int EPERM = 1;
  static final int EIO = 5;
  static final int EINVAL = 22;
  static final int ENOSPC = 28;
  static final int ESHUTDOWN = 108;

  static final int REQUEST_BYTES = 28;
  static final int OPTION_HEADER_BYTES = 16;

  /** Largest payload of a read or a write: what clients assume unless told otherwise. */
  static final int PAYLOAD_BYTES_MAX = 32 << 20;

  /** The one metadata context that is offered, and the number it gets on a connection. */
  static final String BASE_ALLOCATION = "base:allocation";

  static final int BASE_ALLOCATION_ID = 1;

  /** Queries of {@code base:allocation}: its name and its namespace. */
  static final Set<String> BASE_QUERIES = Set.of("base:", BASE_ALLOCATION);

  private Nbd() {}

  /** Transmission flags of an export. FLUSH covers what any connection was told is written. */
  static int transmissionFlags(boolean readOnly, boolean structured) {
    int flags = HAS_FLAGS | SEND_FLUSH | SEND_FUA | CAN_MULTI_CONN;
    flags |= readOnly ? READ_ONLY : SEND_TRIM | SEND_WRITE_ZEROES;
    return structured ? flags | SEND_DF : flags;
  }
}
