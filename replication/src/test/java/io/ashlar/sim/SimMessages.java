package io.ashlar.sim;

import io.ashlar.wire.FrameException;
import io.ashlar.wire.FrameHeader;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Hello;
import io.ashlar.wire.Message.PullHello;
import io.ashlar.wire.Message.Write;
import io.ashlar.wire.MessageCodec;

/** Copies of messages for the network's duplication. */
final class SimMessages {
  private SimMessages() {}

  /** A hello opens a connection, which can happen only once to it. */
  static boolean mayComeTwice(Message message) {
    return !(message instanceof Hello) && !(message instanceof PullHello);
  }

  /** The same message with a count of the payload of its own. */
  static Message copy(Message message) {
    switch (message) {
      case Write write when write.run().payload() != null -> write.run().payload().retain();
      case Message.Data data when data.run().payload() != null -> data.run().payload().retain();
      case Message.ExtentData data when data.run().payload() != null ->
          data.run().payload().retain();
      default -> {}
    }
    return message;
  }

  /**
   * What the other side makes of the message's bytes: every simulated message goes through the
   * codec.
   */
  static Message overTheWire(Message message) {
    MessageCodec.Frame frame = MessageCodec.encode(message);
    try {
      FrameHeader header = FrameHeader.read(frame.head().slice(0, FrameHeader.BYTES));
      return MessageCodec.decode(
          header, frame.head().slice(FrameHeader.BYTES, header.bodyBytes()), frame.payload());
    } catch (FrameException e) {
      throw new SimFailure("codec: " + e.getMessage(), e);
    }
  }
}
