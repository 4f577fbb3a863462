package io.ashlar.block;

/**
 * A volume as its front-ends see it. All methods on the volume's loop thread.
 *
 * <p>Sessions: a front-end opens one before its first request and ends it when its socket or
 * process is lost. After {@link #endSession} nothing of that session is started any more; what was
 * started is drained before the first request of a later session starts.
 */
public interface BlockDevice {
  DeviceGeometry geometry();

  /** Opens a session and returns its number. */
  long openSession();

  void endSession(long session);

  /** Takes the request over. Completions come in any order, never inside this call. */
  void submit(long session, BlockRequest request);

  /** Reports runs of mapped blocks in a range, for NBD block status and blank checks. */
  void mapped(long session, long offsetBytes, long lengthBytes, MappedCallback done);

  /** Receives alternating runs, each {@code mapped} or not, that cover the asked range in order. */
  interface MappedCallback {
    void done(BlockRequest.Status status, java.util.List<Run> runs);
  }

  /** A run of equal state; lengths are in bytes. */
  record Run(long lengthBytes, boolean mapped) {}
}
