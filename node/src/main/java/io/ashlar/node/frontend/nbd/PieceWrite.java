package io.ashlar.node.frontend.nbd;

import io.ashlar.block.BlockDevice;
import io.ashlar.block.BlockRequest;
import io.ashlar.block.BlockRequest.Kind;
import io.ashlar.block.BlockRequest.Status;
import io.ashlar.block.Payload;
import io.ashlar.block.PayloadPool;
import java.util.function.Consumer;

/**
 * One write request, handed to the device in pieces as they arrive and answered when all are done;
 * the first error counts. NBD does not promise that a write is one whole. Loop thread only.
 */
final class PieceWrite {
  private final BlockDevice device;
  private final long session;
  private final NbdRequest request;
  private final MemoryBudget budget;
  private final Consumer<Status> done;
  private long submittedBytes;
  private long heldBytes;
  private int underWay;
  private boolean abandoned;
  private Status outcome = Status.OK;

  PieceWrite(
      BlockDevice device,
      long session,
      NbdRequest request,
      MemoryBudget budget,
      Consumer<Status> done) {
    this.device = device;
    this.session = session;
    this.request = request;
    this.budget = budget;
    this.done = done;
  }

  /** Bytes that have not been submitted. */
  long left() {
    return request.lengthBytes() - submittedBytes;
  }

  /**
   * Room for the next bytes of the write. It counts from now on until the write is done; what is
   * only announced does not, or a few clients that stop in the middle would hold up all others.
   */
  Payload lease(PayloadPool pool, int lengthBytes) {
    heldBytes += lengthBytes;
    budget.take(lengthBytes);
    return pool.lease(lengthBytes);
  }

  /** Takes over the payload, the next bytes of the write. */
  void submit(Payload piece) {
    long offset = request.offset() + submittedBytes;
    submittedBytes += piece.lengthBytes();
    underWay++;
    device.submit(
        session,
        new BlockRequest(
            Kind.WRITE,
            offset,
            piece.lengthBytes(),
            request.has(Nbd.FLAG_FUA),
            piece,
            (status, ignored) -> completed(status)));
  }

  /** The rest will not come: the connection is gone. */
  void abandon() {
    abandoned = true;
    answerIfDone();
  }

  private void completed(Status status) {
    underWay--;
    outcome = outcome == Status.OK ? status : outcome;
    answerIfDone();
  }

  private void answerIfDone() {
    if (underWay == 0 && (abandoned || left() == 0)) {
      budget.giveBack(heldBytes);
      done.accept(abandoned ? Status.SHUT_DOWN : outcome);
    }
  }
}
