package io.ashlar.block;

/** Where payloads come from. Buffers are aligned for direct I/O; their content is undefined. */
public interface PayloadPool {
  /**
   * Leases a buffer of exactly this length; the caller owns one count. A pool that is used up
   * grows: the bound on memory is the bound on requests in flight, which the front-ends keep.
   */
  Payload lease(int lengthBytes);
}
