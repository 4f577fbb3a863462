package io.ashlar.protocol;

import io.ashlar.env.Link;
import io.ashlar.model.Member;
import io.ashlar.model.Version;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Welcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A coordinator's end of the connection to one member: what is known of the member's process, which
 * questions are open, its lease and the space it has promised. Loop thread only.
 */
final class MemberLink {
  /** What becomes of a question. */
  interface Answer {
    /** Takes the message over. */
    void answered(Message answer, long now);

    /** The connection ended first; whether the order was carried out is not known. */
    void lost();
  }

  private record Question(long sentAt, boolean patient, Answer answer) {}

  final int slot;
  private Member member;
  private Link<Message> link;
  private boolean welcomed;
  private long connection;
  private final Map<Long, Question> questions = new LinkedHashMap<>();

  /** 0 until the member's process has been seen; a changed one means that the process restarted. */
  private long startId;

  private boolean clean;
  private boolean whole;
  private long attempt;
  private int promise;
  private boolean failed;

  /** Highest version it held when the connection was opened. */
  private long highest;

  /** Highest version that it said it has applied, over all its processes and connections. */
  private long applied;

  /** Its log lost its end: it does not hold what it applied, whatever it says of itself. */
  private boolean forgetful;

  private long finishAskedOn;
  private int finishAskedIn;

  private long leaseEnd;
  private long granted;
  private long spent;
  private long lastAnswerAt;
  private long unreachableSince;
  private long renewedAt;
  private boolean renewing;

  /**
   * The write that waits for space, and how many renewals have to be answered until that is a no.
   */
  private WriteOp spaceAskedFor;

  private int renewalsToWait;
  private boolean connecting;
  private long openedAt;
  private long connectNotBefore;

  MemberLink(int slot, Member member, long now) {
    this.slot = slot;
    this.member = member;
    this.unreachableSince = now;
    this.lastAnswerAt = Long.MIN_VALUE;
  }

  Member member() {
    return member;
  }

  void update(Member next) {
    member = next;
  }

  long bit() {
    return 1L << slot;
  }

  // ---- the connection

  boolean wantsConnection(long now) {
    return link == null && !connecting && now >= connectNotBefore;
  }

  long connectionStarted() {
    connecting = true;
    connection++;
    return connection;
  }

  long connection() {
    return connection;
  }

  void opened(Link<Message> newLink, long now) {
    connecting = false;
    link = newLink;
    openedAt = now;
  }

  void welcomed(Welcome welcome, long now) {
    welcomed = true;
    startId = welcome.startId();
    highest = welcome.highest();
    forgetful |= highest < applied;
    clean = welcome.clean() && !forgetful;
    whole = welcome.whole();
    attempt = welcome.attempt();
    promise = welcome.promise();
    granted = 0;
    spent = 0;
    lastAnswerAt = now;
    renewing = false;
    renewedAt = 0;
    spaceAskedFor = null;
    renewalsToWait = 0;
  }

  /** Forgets the connection; every open question is lost. */
  void disconnected(long now, long retryNanos) {
    if (welcomed) {
      unreachableSince = oldestQuestionAt(now);
    }
    link = null;
    welcomed = false;
    connecting = false;
    renewing = false;
    connectNotBefore = now + retryNanos;
    List<Question> lost = new ArrayList<>(questions.values());
    questions.clear();
    lost.forEach(question -> question.answer.lost());
  }

  void close() {
    if (link != null) {
      link.close();
    }
  }

  /** Whether this is the connection in use, not one that was given up. */
  boolean isOn(Link<Message> candidate) {
    return link == candidate;
  }

  boolean isWelcomed() {
    return welcomed;
  }

  /** Connected, and promised to exactly this epoch: orders under it will be carried out. */
  boolean usable(int epoch) {
    return welcomed && promise == epoch && !failed;
  }

  void ask(Message question, Answer answer, long now) {
    questions.put(question.request(), new Question(now, false, answer));
    link.send(question);
  }

  /** Asks something that may take long; renewals show meanwhile that the member is alive. */
  void askPatiently(Message question, Answer answer, long now) {
    questions.put(question.request(), new Question(now, true, answer));
    link.send(question);
  }

  /** Hands an answer to its question; one that nobody asked for is dropped. */
  void received(Message answer, long now) {
    lastAnswerAt = now;
    Question question = questions.remove(answer.request());
    if (question == null) {
      answer.discard();
    } else {
      question.answer.answered(answer, now);
    }
  }

  // ---- what is known of the member

  long startId() {
    return startId;
  }

  boolean clean() {
    return clean;
  }

  /** No attempt is pending, or the one by which the record says it joined. */
  boolean whole() {
    return whole || attempt == member.joinAttempt();
  }

  /** Its join is in the record, but it has not yet been told to forget that it was incomplete. */
  boolean wantsFinish(int epoch) {
    return usable(epoch)
        && member.inSync()
        && !whole
        && attempt == member.joinAttempt()
        && (finishAskedOn != connection || finishAskedIn != epoch);
  }

  /** It has answered that everything up to this version is applied, or that this one is. */
  void applied(long version) {
    applied = Math.max(applied, version);
  }

  /**
   * Every in-sync member has applied the version at the watermark. One that begins an epoch is no
   * write, and says nothing.
   */
  void mustHold(long watermark) {
    boolean isWrite = Version.sequence(watermark) > 0;
    forgetful |= isWrite && Math.max(highest, applied) < watermark;
    clean &= !forgetful;
  }

  /** Refused because the epoch moved meanwhile, it is asked again in the next one. */
  void finishAsked(int epoch) {
    finishAskedOn = connection;
    finishAskedIn = epoch;
  }

  void finished() {
    whole = true;
  }

  int promise() {
    return promise;
  }

  /** It refused: it has promised another epoch than was known. */
  void fencedAt(int epoch) {
    promise = Math.max(promise, epoch);
  }

  void promised(int epoch, boolean itsClean, boolean itsWhole, long itsAttempt) {
    promise = epoch;
    clean = itsClean && !forgetful;
    whole = itsWhole;
    attempt = itsAttempt;
  }

  void joinedBy(long itsAttempt) {
    forgetful = false;
    clean = true;
    whole = false;
    attempt = itsAttempt;
  }

  void fail() {
    failed = true;
  }

  boolean failed() {
    return failed;
  }

  boolean answeredSince(long time) {
    return welcomed && lastAnswerAt >= time;
  }

  /**
   * Since when the member does not do what it is asked, or -1 if all is well: unreachable, or a
   * question is open for too long.
   */
  long troubleSince(long now, Timing timing) {
    if (failed) {
      return lastAnswerAt;
    }
    if (!welcomed) {
      return now - unreachableSince >= timing.memberTimeout() ? unreachableSince : -1;
    }
    long sentAt = oldestQuestionAt(now);
    return now - sentAt >= timing.memberTimeout() ? sentAt : -1;
  }

  /** When the oldest open question that is not a patient one was sent; now if there is none. */
  private long oldestQuestionAt(long now) {
    for (Question question : questions.values()) {
      if (!question.patient) {
        return question.sentAt;
      }
    }
    return now;
  }

  /** How long a question has been open on a connection that looks alive; 0 if none is late. */
  long silentFor(long now, Timing timing) {
    if (link == null) {
      return 0;
    }
    if (!welcomed) {
      return now - openedAt;
    }
    long since = troubleSince(now, timing);
    return since >= 0 && !failed ? now - since : 0;
  }

  // ---- lease and space

  boolean wantsRenewal(long now, Timing timing) {
    return welcomed && !renewing && (renewedAt == 0 || now - renewedAt >= timing.renew());
  }

  void renewalSent(long now) {
    renewing = true;
    renewedAt = now;
  }

  boolean renewing() {
    return renewing;
  }

  void renewed(long sentAt, Timing timing) {
    renewing = false;
    if (renewalsToWait > 0) {
      renewalsToWait--;
      renewedAt = renewalsToWait > 0 ? 0 : renewedAt;
    }
    leaseEnd = Math.max(leaseEnd, sentAt + timing.lease());
  }

  void renewalRefused() {
    renewing = false;
  }

  boolean leaseValid(long now) {
    return now < leaseEnd;
  }

  void dropLease() {
    leaseEnd = Long.MIN_VALUE;
  }

  void granted(long total) {
    granted = Math.max(granted, total);
  }

  long creditBlocks() {
    return granted - spent;
  }

  void spend(int blocks) {
    spent += blocks;
  }

  /** Notes that a write waits for space here; the next renewals ask for it. */
  void askSpace(WriteOp op) {
    if (spaceAskedFor != op) {
      spaceAskedFor = op;
      renewalsToWait = renewing ? 2 : 1;
      renewedAt = 0;
    }
  }

  /** Whether this write has waited for an answer that began after it was short of space. */
  boolean refusedSpace(WriteOp op) {
    return spaceAskedFor == op && renewalsToWait == 0;
  }
}
