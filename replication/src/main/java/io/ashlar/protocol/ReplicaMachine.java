package io.ashlar.protocol;

import static io.ashlar.model.Invariants.check;

import io.ashlar.block.TailEntry;
import io.ashlar.env.Link;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.ReplicaMeta;
import io.ashlar.model.ReplicaMeta.Promise;
import io.ashlar.model.Version;
import io.ashlar.store.ReplicaStore;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Fenced;
import io.ashlar.wire.Message.Hello;
import io.ashlar.wire.Message.Ordered;
import io.ashlar.wire.Message.Outcome;
import io.ashlar.wire.Message.Pending;
import io.ashlar.wire.Message.PullHello;
import io.ashlar.wire.Message.Refused;
import io.ashlar.wire.Message.Release;
import io.ashlar.wire.Message.Renew;
import io.ashlar.wire.Message.Seal;
import io.ashlar.wire.Message.Sealed;
import io.ashlar.wire.Message.Welcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * One replica's part of the protocol: promises, leases, and who may do what. Orders that touch
 * blocks are carried out by {@link ReplicaOrders}, those of a resync by {@link ReplicaResync}.
 *
 * <p>Rules this class keeps:
 *
 * <ul>
 *   <li>a promise is durable before it is answered, and only a SEAL raises it;
 *   <li>an ordered message whose epoch is not the promise changes nothing and is answered FENCED;
 *   <li>from the moment a higher epoch asks, the old coordinator gets no renewal and no write
 *       through;
 *   <li>a SEAL is answered after everything accepted under the old promise has been applied, so
 *       that the tail it reports is complete;
 *   <li>another instance's epoch is not promised before the old holder's lease is over.
 * </ul>
 *
 * Loop thread only. The store never calls back inside a call, so neither does this machine.
 */
public final class ReplicaMachine {
  /** No attempt has this number, and so no record. */
  private static final long LACKS_A_PART = -1;

  private final long cluster;
  private final ReplicaStore store;
  private final ReplicaEffects effects;
  private final Timing timing;
  private final long startId;
  private final String host;

  private final List<ReplicaSession> sessions = new ArrayList<>();
  private final MetaWriter metaWriter;
  private final ReplicaOrders orders;
  private final ReplicaResync resync;

  private boolean clean;
  private boolean ready;

  /** Highest epoch that asked and has not been promised yet; 0 if none. */
  private int pendingEpoch;

  private Optional<CoordinatorRef> leaseHolder = Optional.empty();
  private long leaseEnd;

  /**
   * @param startId random per process start: what a coordinator knows about an older one does not
   *     count
   * @param host identity of this boot of the host and its disk; equal identities mean no power loss
   *     between
   */
  public ReplicaMachine(
      long cluster,
      ReplicaStore store,
      ReplicaEffects effects,
      Timing timing,
      long startId,
      String host) {
    this.cluster = cluster;
    this.store = store;
    this.effects = effects;
    this.timing = timing;
    this.startId = startId;
    this.host = host;
    this.metaWriter = new MetaWriter(store);
    this.orders = new ReplicaOrders(store, metaWriter, timing);
    this.resync = new ReplicaResync(this, store, metaWriter, orders, effects);
  }

  /**
   * First call. Finds out whether writes can be missing (a power loss while running), notes that
   * durably before anything else, and begins to wait for the lease that the old process may have
   * given.
   */
  public void start(long now) {
    ReplicaMeta meta = store.meta();
    boolean survived = meta.closed() || meta.runningOn().equals(host);
    leaseHolder = meta.promise().holder();
    leaseEnd = leaseHolder.isPresent() ? now + timing.leaseAtMember() : now;
    clean = survived && !meta.unclean();
    if (survived || meta.unclean()) {
      if (store.isSettled()) {
        ready = true;
      } else {
        metaWriter.change(old -> old, () -> ready = true);
      }
      return;
    }
    effects.log(
        meta.volume(), "event=unclean replica=" + meta.replica() + " ran_on=" + meta.runningOn());
    metaWriter.change(old -> old.withUnclean(true), () -> ready = true);
  }

  public ReplicaMeta meta() {
    return metaWriter.latest();
  }

  public boolean clean() {
    return clean;
  }

  public boolean whole() {
    return meta().incomplete().isEmpty() && store.isComplete();
  }

  /**
   * The attempt that made it what it is; a replica that lacks a part is what no attempt made it.
   */
  private long attempt() {
    return store.isComplete()
        ? meta().incomplete().map(ReplicaMeta.Incomplete::attempt).orElse(0L)
        : LACKS_A_PART;
  }

  public int promise() {
    return store.meta().promise().epoch();
  }

  long startId() {
    return startId;
  }

  void joined() {
    clean = true;
  }

  String host() {
    return host;
  }

  long cluster() {
    return cluster;
  }

  /** Looks at the clock. */
  public void tick(long now) {
    orders.syncIfStale(now);
  }

  /** Notes the volume's new size durably; a smaller one is ignored. */
  public void resize(long sizeBytes, Runnable done) {
    if (sizeBytes <= meta().sizeBytes()) {
      done.run();
    } else {
      metaWriter.change(old -> old.withSizeBytes(Math.max(old.sizeBytes(), sizeBytes)), done);
    }
  }

  // ---- connections

  /**
   * Handles the first message of a connection. The rest goes to {@link #received} with the returned
   * session; empty means that the connection was refused and closed.
   */
  public Optional<ReplicaSession> accept(Link<Message> link, Message first) {
    Optional<String> refusal =
        switch (first) {
          case Hello hello -> mismatch(hello.cluster(), hello.replica(), hello.incarnation());
          case PullHello hello -> mismatch(hello.cluster(), hello.replica(), hello.incarnation());
          default ->
              Optional.of(
                  "a connection starts with a hello, not " + first.getClass().getSimpleName());
        };
    if (refusal.isEmpty() && !ready) {
      refusal = Optional.of("replica is starting");
    }
    if (refusal.isPresent()) {
      first.discard();
      link.send(new Refused(first.request(), refusal.get()));
      link.close();
      return Optional.empty();
    }
    CoordinatorRef from = first instanceof Hello hello ? hello.from() : null;
    if (from != null) {
      endSessionsOf(from.instance());
    }
    ReplicaSession session = new ReplicaSession(link, store, from);
    sessions.add(session);
    session.send(
        new Welcome(
            first.request(),
            promise(),
            startId,
            clean,
            whole(),
            attempt(),
            store.highestVersion(),
            0));
    return Optional.of(session);
  }

  private Optional<String> mismatch(long itsCluster, long itsReplica, long itsIncarnation) {
    ReplicaMeta meta = store.meta();
    if (itsCluster != cluster) {
      return Optional.of("cluster " + Long.toHexString(itsCluster) + " is not served here");
    }
    if (itsReplica != meta.replica() || itsIncarnation != meta.incarnation()) {
      return Optional.of(
          String.format(
              "replica %x incarnation %x is not here, but %x incarnation %x",
              itsReplica, itsIncarnation, meta.replica(), meta.incarnation()));
    }
    return Optional.empty();
  }

  private void endSessionsOf(long instance) {
    for (ReplicaSession session : sessions) {
      if (session.from() != null && session.from().instance() == instance) {
        session.endAndClose();
      }
    }
    sessions.removeIf(ReplicaSession::ended);
  }

  /** Ends every connection; the process or the replica is going away. */
  public void shutDown(String reason) {
    effects.log(meta().volume(), "event=replica_closed reason=\"" + reason + "\"");
    sessions.forEach(ReplicaSession::endAndClose);
    sessions.clear();
    resync.abort(reason);
  }

  /**
   * A disk with a part of the replica is gone. Whoever is connected hears of it by connecting
   * again; what was asked and not answered has no outcome.
   */
  public void partLost() {
    effects.log(meta().volume(), String.format("event=part_lost replica=%x", meta().replica()));
    sessions.forEach(ReplicaSession::endAndClose);
    sessions.clear();
    resync.abort("a disk is gone");
  }

  /** The connection is gone. */
  public void closed(ReplicaSession session) {
    session.end();
    sessions.remove(session);
  }

  /** Handles a message of an accepted connection. Takes it over. */
  public void received(ReplicaSession session, Message message, long now) {
    if (session.ended()) {
      message.discard();
      return;
    }
    switch (message) {
      case Seal seal -> seal(seal, now, session::send);
      case Ordered order -> {
        if (admitted(session, order)) {
          carryOut(session, order, now);
        } else {
          message.discard();
        }
      }
      default -> {
        message.discard();
        session.send(new Refused(message.request(), "not a question for a replica"));
        session.endAndClose();
        sessions.remove(session);
      }
    }
  }

  private boolean admitted(ReplicaSession session, Ordered order) {
    if (order.epoch() == promise() && pendingEpoch == 0) {
      return true;
    }
    session.send(new Fenced(order.request(), Math.max(promise(), pendingEpoch)));
    return false;
  }

  private void carryOut(ReplicaSession session, Ordered order, long now) {
    switch (order) {
      case Renew renew -> renew(session, renew, now);
      case Release release -> release(session, release);
      case Message.Write write -> orders.write(session, write);
      case Message.WriteRange range -> orders.writeRange(session, range);
      case Message.Read read -> orders.read(session, read);
      case Message.Sync sync -> orders.sync(session, sync, clean && whole());
      case Message.BeginAttempt begin -> resync.begin(session, begin);
      case Message.Pull pull -> resync.pull(session, pull);
      case Message.ListExtents list -> resync.listExtents(session, list);
      case Message.Digest digest -> resync.digest(session, digest);
      case Message.PrepareJoin prepare -> resync.prepareJoin(session, prepare);
      case Message.FinishJoin finish -> resync.finishJoin(session, finish);
      case Message.PullExtent pull -> resync.serveExtent(session, pull, clean && whole());
    }
  }

  // ---- epochs and leases

  /** Promises an epoch to nobody, on the controller's word; answers as to any other SEAL. */
  public void fence(Seal seal, long now, Consumer<Message> answer) {
    check(seal.holder().isEmpty(), "a fence has no holder");
    seal(seal, now, answer);
  }

  private void seal(Seal seal, long now, Consumer<Message> answer) {
    Promise promise = store.meta().promise();
    if (seal.view().lineage() != promise.view().lineage()) {
      answer.accept(new Refused(seal.request(), "the record is of another lineage"));
    } else if (seal.epoch() < Math.max(promise.epoch(), pendingEpoch)) {
      answer.accept(new Fenced(seal.request(), Math.max(promise.epoch(), pendingEpoch)));
    } else if (seal.epoch() == promise.epoch()) {
      sealAgain(seal, promise, answer);
    } else if (leaseBlocks(seal.holder(), now)) {
      pendingEpoch = seal.epoch();
      answer.accept(new Pending(seal.request(), seal.epoch(), leaseEnd - now));
    } else {
      promiseAndAnswer(seal, answer);
    }
  }

  private void sealAgain(Seal seal, Promise promise, Consumer<Message> answer) {
    if (!instanceOf(seal.holder()).equals(instanceOf(promise.holder()))) {
      answer.accept(new Fenced(seal.request(), promise.epoch()));
    } else {
      orders.afterApplied(() -> answerSealed(seal, answer));
    }
  }

  private static Optional<Long> instanceOf(Optional<CoordinatorRef> holder) {
    return holder.map(CoordinatorRef::instance);
  }

  private boolean leaseBlocks(Optional<CoordinatorRef> next, long now) {
    if (leaseHolder.isEmpty() || now >= leaseEnd) {
      return false;
    }
    return next.isEmpty()
        || (next.get().instance() != leaseHolder.get().instance()
            && !next.get().sameStateDir(leaseHolder.get()));
  }

  private void promiseAndAnswer(Seal seal, Consumer<Message> answer) {
    pendingEpoch = seal.epoch();
    boolean otherInstance =
        !instanceOf(seal.holder()).equals(instanceOf(store.meta().promise().holder()));
    if (otherInstance) {
      resync.abort("epoch " + seal.epoch() + " belongs to another coordinator");
    }
    orders.afterApplied(
        () ->
            metaWriter.change(
                old -> promised(old, seal),
                () -> {
                  promiseStored(seal, otherInstance);
                  answerSealed(seal, answer);
                }));
  }

  /** With a holder, writes may follow: the running mark goes to disk with the promise. */
  private ReplicaMeta promised(ReplicaMeta old, Seal seal) {
    if (seal.epoch() < old.promise().epoch()) {
      return old;
    }
    ReplicaMeta next = old.withPromise(new Promise(seal.epoch(), seal.view(), seal.holder()));
    return seal.holder().isPresent() ? next.running(host) : next;
  }

  private void promiseStored(Seal seal, boolean otherInstance) {
    if (pendingEpoch == seal.epoch()) {
      pendingEpoch = 0;
    }
    if (otherInstance) {
      leaseHolder = Optional.empty();
    }
    effects.log(
        meta().volume(),
        String.format(
            "event=promised replica=%x epoch=%s in_sync=%s",
            meta().replica(), seal.epoch(), seal.view().inSync()));
  }

  /** The tail is complete: everything accepted under the old promise has been applied. */
  private void answerSealed(Seal seal, Consumer<Message> answer) {
    long watermark = orders.watermark();
    if (!seal.wantTail()) {
      answer.accept(sealed(seal, watermark, List.of()));
      return;
    }
    store.above(
        watermark,
        (result, tail) -> {
          if (result == ReplicaStore.Result.OK) {
            answer.accept(sealed(seal, watermark, tail));
          } else {
            answer.accept(new Refused(seal.request(), "the disk of this replica has failed"));
          }
        });
  }

  private Message sealed(Seal seal, long watermark, List<TailEntry> tail) {
    if (promise() != seal.epoch()) {
      return new Fenced(seal.request(), promise());
    }
    return new Sealed(
        seal.request(),
        seal.epoch(),
        startId,
        clean,
        whole(),
        attempt(),
        watermark,
        orders.durableVersion(),
        store.mappedBlocks(),
        tail);
  }

  private void renew(ReplicaSession session, Renew renew, long now) {
    orders.noteWatermark(renew.watermark());
    leaseHolder = Optional.ofNullable(session.from());
    leaseEnd = now + timing.leaseAtMember();
    if (!renew.attemptOpen() && whole()) {
      long olderEpochs = Version.of(promise(), 0) - 1;
      store.dropTombstones(Math.min(orders.watermark(), olderEpochs));
    }
    session.grant();
    OptionalLong damaged = store.damagedExtent();
    session.done(renew.request(), Outcome.OK, damaged.isPresent() ? damaged.getAsLong() + 1 : 0);
  }

  private void release(ReplicaSession session, Release release) {
    orders.noteWatermark(release.watermark());
    leaseHolder = Optional.empty();
    if (!release.close() || !clean || !whole()) {
      session.done(release.request(), Outcome.OK, 0);
      return;
    }
    orders.afterApplied(
        () ->
            store.sync(
                result -> {
                  if (result != ReplicaStore.Result.OK) {
                    session.done(release.request(), Outcome.FAILED, 0);
                    return;
                  }
                  long mark = orders.watermark();
                  orders.noteDurable(mark);
                  metaWriter.change(
                      old -> old.closedAt(mark, mark),
                      () -> session.done(release.request(), Outcome.OK, 0));
                }));
  }
}
