package io.ashlar.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.env.Link;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.NodeId;
import io.ashlar.store.ReplicaStore;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.Outcome;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How much of a disk's room a session is promised. */
final class ReplicaSessionTest {
  private final List<Message> sent = new ArrayList<>();
  private int freeBlocks;

  /** Of a store only what gives room is asked for. */
  private ReplicaSession session(int free) {
    freeBlocks = free;
    ReplicaStore store =
        as(
            ReplicaStore.class,
            (name, argument) ->
                switch (name) {
                  case "reserve" -> reserve((int) argument);
                  case "unreserve" -> {
                    freeBlocks += (int) argument;
                    yield null;
                  }
                  default -> throw new UnsupportedOperationException(name);
                });
    @SuppressWarnings("unchecked") // of messages, as all that is sent here
    Link<Message> link = as(Link.class, (name, argument) -> sent.add((Message) argument));
    return new ReplicaSession(link, store, new CoordinatorRef(new NodeId("n1"), 1, 2));
  }

  private boolean reserve(int blocks) {
    boolean fits = blocks <= freeBlocks;
    freeBlocks -= fits ? blocks : 0;
    return fits;
  }

  private interface Call {
    Object call(String name, Object argument);
  }

  private static <T> T as(Class<T> port, Call call) {
    return port.cast(
        Proxy.newProxyInstance(
            port.getClassLoader(),
            new Class<?>[] {port},
            (proxy, method, arguments) -> {
              Object result = call.call(method.getName(), arguments[0]);
              return method.getReturnType() == void.class ? null : result;
            }));
  }

  private long granted(ReplicaSession session) {
    session.done(1, Outcome.OK, 0);
    return ((Done) sent.getLast()).granted();
  }

  @Test
  void aLargeDiskIsPromisedUpToTheWindow() {
    ReplicaSession session = session(1_000_000);
    session.grant();
    assertThat(granted(session)).isEqualTo(ReplicaSession.CREDIT_WINDOW_BLOCKS);
    assertThat(freeBlocks).isEqualTo(1_000_000 - ReplicaSession.CREDIT_WINDOW_BLOCKS);
  }

  /** A session that says nothing would keep a resync out of it for ever. */
  @Test
  void ofASmallDiskTwoExtentsAreLeft() {
    ReplicaSession session = session(600);
    session.grant();
    assertThat(freeBlocks).isBetween(128, 128 + 15);
    assertThat(granted(session)).isEqualTo(600 - freeBlocks);
    session.grant();
    assertThat(freeBlocks).isBetween(128, 128 + 15);
  }

  @Test
  void whatWasPromisedComesBackWhenItEnds() {
    ReplicaSession session = session(600);
    session.grant();
    assertThat(session.spend(10)).isTrue();
    session.end();
    assertThat(freeBlocks).isEqualTo(590);
  }
}
