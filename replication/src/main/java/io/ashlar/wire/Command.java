package io.ashlar.wire;

/** What a frame says; the codes are sent: append only. docs/protocol.md lists the bodies. */
public enum Command {
  HELLO(1),
  WELCOME(2),
  REFUSED(3),
  SEAL(4),
  SEALED(5),
  PENDING(6),
  FENCED(7),
  RENEW(8),
  RELEASE(9),
  WRITE(10),
  WRITE_RANGE(11),
  READ(12),
  DATA(13),
  SYNC(14),
  DONE(15),
  BEGIN_ATTEMPT(16),
  PULL(17),
  LIST_EXTENTS(18),
  EXTENTS(19),
  DIGEST(20),
  DIGESTS(21),
  PREPARE_JOIN(22),
  FINISH_JOIN(23),
  PULL_HELLO(24),
  PULL_EXTENT(25),
  EXTENT_DATA(26),
  BEGUN(27);

  private static final Command[] BY_CODE = new Command[28];

  static {
    for (Command command : values()) {
      BY_CODE[command.code] = command;
    }
  }

  private final int code;

  Command(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  static Command ofCode(int code) throws FrameException {
    if (code <= 0 || code >= BY_CODE.length) {
      throw new FrameException("unknown command " + code);
    }
    return BY_CODE[code];
  }
}
