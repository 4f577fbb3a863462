package io.ashlar.guard;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a clock of the test's own, with a logger that belongs to no other test. */
final class RareLogTest {
  private final LoggerContext context = new LoggerContext();
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private long now;
  private RareLog log;

  @BeforeEach
  void start() {
    Logger logger = context.getLogger("test");
    lines.setContext(context);
    lines.start();
    logger.addAppender(lines);
    log = new RareLog(logger, () -> now);
  }

  private void say(String kind, int count) {
    for (int i = 0; i < count; i++) {
      log.warn(kind, "event={}", kind);
    }
  }

  private List<String> logged() {
    List<String> messages = lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    lines.list.clear();
    return messages;
  }

  @Test
  void aFloodOfOneKindDoesNotCrowdOutAnother() {
    say("flood", 10_000);
    say("drop", 1);
    assertThat(logged()).hasSize(RareLog.AT_ONCE + 1).endsWith("event=drop");
  }

  @Test
  void everyPeriodBringsALineThatTellsWhatWasLeftOut() {
    say("flood", 100);
    logged();
    now += RareLog.PERIOD_NANOS - 1;
    say("flood", 1);
    assertThat(logged()).isEmpty();
    now++;
    say("flood", 1);
    assertThat(logged()).containsExactly("event=flood left_out=" + (100 - RareLog.AT_ONCE + 1));
    say("flood", 1);
    assertThat(logged()).isEmpty();
  }

  @Test
  void aLongSilenceDoesNotSaveUpMoreThanWhatIsLoggedAtOnce() {
    say("flood", 100);
    logged();
    now += 1_000 * RareLog.PERIOD_NANOS;
    say("flood", 100);
    assertThat(logged()).hasSize(RareLog.AT_ONCE);
  }

  @Test
  void kindsBeyondTheBoundShareOneRate() {
    for (int i = 0; i < 10_000; i++) {
      say("kind" + i, 1);
    }
    assertThat(logged()).hasSize(RareLog.KINDS_MAX + RareLog.AT_ONCE);
    say("kind0", 1);
    assertThat(logged()).containsExactly("event=kind0");
  }
}
