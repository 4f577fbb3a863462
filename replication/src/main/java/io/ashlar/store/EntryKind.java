package io.ashlar.store;

/** What an entry of the log says. Codes are stored: append only. */
enum EntryKind {
  /** A block with its stored bytes: in the next payload page, or packed if they do not fill it. */
  DATA(1, true),
  /** Blocks trimmed or zeroed with one version. */
  TOMBSTONE(2, false),
  /** Blocks that are as if never written. */
  UNMAPPED(3, false),
  /**
   * A block whose bytes were found damaged when it was collected; its payload page means nothing.
   */
  BAD(4, true),
  /** The replica's small state as a whole, in the next payload page; the first one creates it. */
  META(5, true),
  /** The replica is gone. */
  DELETE(6, false),
  /** Watermark and durable version of the replica. */
  PROGRESS(7, false),
  /** Extents that have at least this version. */
  EXTENTS(8, false),
  /** In summaries only: the entries that follow, up to the next mark, are of one batch. */
  BATCH(9, false),
  /** A node of a map; its bytes are somewhere in the payload pages. */
  NODE(10, false),
  /** A piece of a checkpoint, in the payload pages. */
  CHECKPOINT(11, false);

  private static final EntryKind[] VALUES = values();

  private final int code;
  private final boolean page;

  EntryKind(int code, boolean page) {
    this.code = code;
    this.page = page;
  }

  int code() {
    return code;
  }

  /** Whether it has a payload of its own, of a page at most. */
  boolean hasPayload() {
    return page;
  }

  /** The kind of this code, or null. */
  static EntryKind ofCode(int code) {
    return code >= 1 && code <= VALUES.length ? VALUES[code - 1] : null;
  }
}
