package io.ashlar.protocol;

import io.ashlar.env.Link;
import io.ashlar.model.VolumeId;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Source;

/**
 * What a {@link ReplicaMachine} wants done. Loop thread only; nothing here calls the machine back.
 */
public interface ReplicaEffects {
  /** Opens a link to the node of a resync source. */
  void connect(Source source, Link.Handler<Message> handler);

  /** One line of the log, for state changes and what an operator should see. */
  void log(VolumeId volume, String event);
}
