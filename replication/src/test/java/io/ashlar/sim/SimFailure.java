package io.ashlar.sim;

/** A rule of the protocol was broken, or something did not come to its end in time. */
public final class SimFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  public SimFailure(String message) {
    super(message);
  }

  public SimFailure(String message, Throwable cause) {
    super(message, cause);
  }
}
