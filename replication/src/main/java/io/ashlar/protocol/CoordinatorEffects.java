package io.ashlar.protocol;

import io.ashlar.block.BlockRequest;
import io.ashlar.block.Payload;
import io.ashlar.env.Link;
import io.ashlar.env.RecordStore;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.VolumeId;
import io.ashlar.model.VolumeView;
import io.ashlar.wire.Message;

/**
 * What a {@link CoordinatorMachine} wants done. Loop thread only; nothing here calls the machine
 * back.
 */
public interface CoordinatorEffects {
  /** The time, for inputs that come from links and record operations. */
  long now();

  void compareAndSet(long expectedRevision, Membership next, RecordStore.Callback done);

  void readRecord(RecordStore.Callback done);

  /** Opens a link to a member's replica. */
  void connect(Member member, Link.Handler<Message> handler);

  /** Answers a front-end request. Takes the payload over. */
  void complete(BlockRequest request, BlockRequest.Status status, Payload data);

  /** The coordinator has ended, by close or by fence; nothing more comes. */
  void closed(String reason);

  /** The coordinator serves for the first time: the front-end may start. */
  void serving(VolumeView view);

  /** One line of the log. */
  void log(VolumeId volume, String event);
}
