package io.ashlar.block;

/**
 * One request of a front-end.
 *
 * @param payload for WRITE the data, which the device takes over; null for the others
 * @param fua the answer waits until the effect is durable on all in-sync copies
 * @param completion called exactly once, on the loop thread
 */
public record BlockRequest(
    Kind kind,
    long offsetBytes,
    long lengthBytes,
    boolean fua,
    Payload payload,
    Completion completion) {
  /** What is asked. TRIM and ZERO both make the range read as zeros. FLUSH ignores the range. */
  public enum Kind {
    READ,
    WRITE,
    FLUSH,
    TRIM,
    ZERO
  }

  /** Why a request failed, as the front-end's protocol can say it. */
  public enum Status {
    OK,
    IO_ERROR,
    NO_SPACE,
    INVALID,
    /** The attachment was fenced or is closing; nothing more will be served. */
    SHUT_DOWN
  }

  /**
   * Receives the outcome. For an OK READ, {@code data} holds the bytes and is taken over; else
   * null.
   */
  public interface Completion {
    void done(Status status, Payload data);
  }
}
