package io.ashlar.node.frontend.fuse.holder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Numbers stand for connections; who is ended leaves at once, on another thread as in life. */
@Timeout(20)
final class PlacesTest {
  private final AtomicLong now = new AtomicLong();
  private final List<Integer> ended = new CopyOnWriteArrayList<>();
  private final Places<Integer> places = new Places<>(this::end, now::get);

  private void end(int connection) {
    ended.add(connection);
    Thread.ofPlatform().start(() -> places.leave(connection, false));
  }

  private void fill() throws InterruptedException {
    for (int i = 0; i < Places.COUNT; i++) {
      assertThat(places.enter()).isTrue();
      places.idle(i);
    }
  }

  @Test
  void whoComesWhenAllPlacesAreTakenGetsThatOfTheLongestIdle() throws Exception {
    fill();
    places.busy(0);
    places.idle(0);
    now.addAndGet(Places.GRACE_NANOS);
    assertThat(places.enter()).isTrue();
    assertThat(ended).containsExactly(1);
  }

  @Test
  void nobodyHasToGoBeforeAMomentHasPassed() throws Exception {
    fill();
    Thread next = Thread.ofPlatform().start(this::enterOneMore);
    next.join(3 * Places.GRACE_NANOS / 1_000_000);
    assertThat(next.isAlive()).isTrue();
    assertThat(ended).isEmpty();
    now.addAndGet(Places.GRACE_NANOS);
    next.join();
    assertThat(ended).containsExactly(0);
  }

  private void enterOneMore() {
    try {
      places.enter();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aPlaceThatComesFreeIsTakenWithoutAnybodysEnd() throws Exception {
    fill();
    Thread next = Thread.ofPlatform().start(this::enterOneMore);
    places.leave(5, false);
    next.join();
    assertThat(ended).isEmpty();
  }

  @Test
  void watchersStayAndLeaveRoomForOthers() throws Exception {
    fill();
    for (int i = 0; i < Places.WATCHERS_MAX; i++) {
      places.busy(i);
      assertThat(places.watch()).isTrue();
    }
    assertThat(places.watch()).isFalse();
    now.addAndGet(Places.GRACE_NANOS);
    assertThat(places.enter()).isTrue();
    assertThat(ended).containsExactly(Places.WATCHERS_MAX);
    places.leave(0, true);
    assertThat(places.watch()).isTrue();
  }

  @Test
  void whoIsAtWorkKeepsItsPlaceAndAfterAWhileNobodyWaitsForIt() throws Exception {
    fill();
    for (int i = 0; i < Places.COUNT; i++) {
      places.busy(i);
    }
    Thread comer = Thread.currentThread();
    Thread clock =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  while (comer.getState() != Thread.State.TIMED_WAITING) {
                    Thread.onSpinWait(); // it has looked at the clock when it waits
                  }
                  now.addAndGet(Places.BUSY_NANOS_MAX);
                });
    assertThat(places.enter()).isFalse();
    clock.join();
    assertThat(ended).isEmpty();
  }
}
