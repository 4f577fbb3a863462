package io.ashlar.controller.failover;

import io.ashlar.controller.nodes.AgentException;
import io.ashlar.controller.nodes.NodeAgents.Promise;
import io.ashlar.controller.reconcile.Cluster;
import io.ashlar.controller.reconcile.Step;
import io.ashlar.controller.state.Operations.Fencing;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.env.Clock;
import io.ashlar.model.Member;
import io.ashlar.model.MembershipRules;
import io.ashlar.model.View;
import io.ashlar.model.VolumeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Second half of a fence. The record names nobody any more (first half); any one in-sync member has
 * to promise the record's epoch. From then on the old coordinator can acknowledge nothing, and, its
 * lease there being over, read nothing. All in-sync members are asked at the same time; one promise
 * is enough.
 */
public final class Fencer {
  private static final Logger log = LoggerFactory.getLogger(Fencer.class);
  private static final Duration RETRY = Duration.ofMillis(250);
  private static final Duration PENDING_MIN = Duration.ofMillis(20);

  private final Cluster cluster;
  private final Clock clock;
  private final FenceObserver observer;
  private final Map<VolumeId, Long> sinceNanos = new ConcurrentHashMap<>();

  public Fencer(Cluster cluster, Clock clock, FenceObserver observer) {
    this.cluster = cluster;
    this.clock = clock;
    this.observer = observer;
  }

  /** Answer of one member, or why there is none. */
  private record Answer(Member member, Optional<Promise> promise, String failure) {}

  public Step step(String key) {
    Optional<Versioned<VolumeRecord>> volume = cluster.volumes().get(key);
    if (volume.isEmpty() || volume.get().value().operations().fencing().isEmpty()) {
      return Step.DONE;
    }
    VolumeRecord record = volume.get().value();
    sinceNanos.putIfAbsent(record.id(), clock.nanos());
    List<Answer> answers = askUntilPromised(record);
    if (answers.stream().anyMatch(Fencer::promised)) {
      return holds(key, record);
    }
    int highest =
        answers.stream()
            .flatMap(answer -> answer.promise().stream())
            .mapToInt(Promise::promisedEpoch)
            .max()
            .orElse(0);
    if (highest > record.membership().epoch()) {
      cluster.volumes().swap(volume.get(), record.fencingAbove(highest));
      return Step.AGAIN;
    }
    return Step.after(delay(answers), "%s", describe(record, answers));
  }

  private static boolean promised(Answer answer) {
    return answer.promise().map(Promise::promised).orElse(false);
  }

  private Step holds(String key, VolumeRecord fenced) {
    int epoch = fenced.membership().epoch();
    cluster
        .volumes()
        .update(
            key,
            now ->
                now.id().equals(fenced.id()) && now.membership().epoch() == epoch
                    ? now.fenceHolds()
                    : now);
    Long since = sinceNanos.remove(fenced.id());
    Duration took = Duration.ofNanos(since == null ? 0 : clock.nanos() - since);
    log.info(
        "fence holds volume={} epoch={} node={} tookMillis={}",
        fenced.id(),
        epoch,
        fenced.operations().fencing().map(Fencing::node).orElseThrow(),
        took.toMillis());
    observer.fenced(took);
    return Step.AGAIN;
  }

  /** All answers, or those up to the first promise: the rest is not waited for. */
  private List<Answer> askUntilPromised(VolumeRecord record) {
    View view = MembershipRules.view(record.membership());
    List<Member> members = record.membership().members().stream().filter(Member::inSync).toList();
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    CompletionService<Answer> calls = new ExecutorCompletionService<>(threads);
    members.forEach(member -> calls.submit(() -> ask(record, member, view)));
    List<Answer> answers = new ArrayList<>();
    try {
      for (int count = 0; count < members.size(); count++) {
        Answer answer = calls.take().get();
        answers.add(answer);
        if (promised(answer)) {
          break;
        }
      }
    } catch (ExecutionException failed) {
      throw new IllegalStateException("asking for a promise broke", failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    } finally {
      threads.shutdownNow();
    }
    return answers;
  }

  private Answer ask(VolumeRecord record, Member member, View view) {
    try {
      return new Answer(member, Optional.of(cluster.agents().fence(member, record.id(), view)), "");
    } catch (AgentException failed) {
      return new Answer(member, Optional.empty(), failed.getMessage());
    }
  }

  private static Duration delay(List<Answer> answers) {
    return answers.stream()
        .flatMap(answer -> answer.promise().stream())
        .map(Promise::pending)
        .min(Duration::compareTo)
        .map(pending -> pending.compareTo(PENDING_MIN) < 0 ? PENDING_MIN : pending)
        .orElse(RETRY);
  }

  private static String describe(VolumeRecord record, List<Answer> answers) {
    StringBuilder text =
        new StringBuilder("no in-sync member of ")
            .append(record.id())
            .append(" has promised epoch ")
            .append(record.membership().epoch());
    for (Answer answer : answers) {
      text.append("; ")
          .append(answer.member().node())
          .append(": ")
          .append(
              answer
                  .promise()
                  .map(promise -> "waits " + promise.pending().toMillis() + " ms for a lease")
                  .orElse(answer.failure()));
    }
    return text.toString();
  }
}
