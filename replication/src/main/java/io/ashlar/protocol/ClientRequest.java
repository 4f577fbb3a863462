package io.ashlar.protocol;

import static io.ashlar.model.Invariants.check;

import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;

/**
 * A front-end's request and how many of its parts are not finished yet; the first failure of a part
 * is the failure of the whole. Loop thread only.
 */
final class ClientRequest {
  final BlockRequest request;
  final long session;
  private int unfinished;
  private Status status = Status.OK;

  ClientRequest(BlockRequest request, long session) {
    this.request = request;
    this.session = session;
  }

  boolean isRange() {
    return request.kind() == Kind.TRIM || request.kind() == Kind.ZERO;
  }

  void partsAdded(int count) {
    unfinished += count;
  }

  /** True if this was the last part. */
  boolean partDone(Status partStatus) {
    check(unfinished > 0, "a request was finished twice");
    if (status == Status.OK) {
      status = partStatus;
    }
    unfinished--;
    return unfinished == 0;
  }

  Status status() {
    return status;
  }
}
