package io.ashlar.protocol;

import io.ashlar.block.PayloadPool;
import io.ashlar.seal.Opener;
import io.ashlar.seal.Sealer;

/**
 * What the parts of a coordinator ask of its machine: who has to have a write, under which epoch,
 * and what is allowed right now. Loop thread only.
 */
interface CoordinatorContext {
  long now();

  /** Size of the volume as recorded. */
  long sizeBytes();

  /** The message epoch. */
  int epoch();

  /**
   * Members whose answers count: the sealed in-sync set, the recorded one, every one that the
   * record may hold (union rule), and a target that is joining.
   */
  long requiredMask();

  /** Members that get live frames: the required ones and resync targets in the live stream. */
  long streamMask();

  /** Whether new versions may be given out. */
  boolean mayIssue();

  /** Whether writes may be acknowledged: enough copies, nobody has fenced us. */
  boolean mayAcknowledge();

  /** Whether a read may be answered: the leases of all required members are valid now. */
  boolean mayAnswerReads();

  /** Members that reads may go to, the best one first by bit order of preference. */
  long readableMask();

  /** Slot of the replica on this node, or -1. */
  int localSlot();

  /** A member said that its disk is no more. */
  void memberFailed(MemberLink member);

  /** A resync target could not take a live frame. */
  void targetFailed(MemberLink member, String reason);

  Members members();

  PayloadPool pool();

  /** What writes are sealed with, as the record says now. */
  Sealer sealer();

  Opener opener();

  CoordinatorEffects effects();
}
