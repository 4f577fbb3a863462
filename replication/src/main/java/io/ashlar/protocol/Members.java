package io.ashlar.protocol;

import static io.ashlar.model.Invariants.check;

import io.ashlar.env.Link;
import io.ashlar.model.CoordinatorRef;
import io.ashlar.model.Member;
import io.ashlar.model.Membership;
import io.ashlar.model.ReplicaState;
import io.ashlar.model.VolumeId;
import io.ashlar.wire.Message;
import io.ashlar.wire.Message.Done;
import io.ashlar.wire.Message.Fenced;
import io.ashlar.wire.Message.Hello;
import io.ashlar.wire.Message.Refused;
import io.ashlar.wire.Message.Renew;
import io.ashlar.wire.Message.Welcome;
import java.util.Map;
import java.util.TreeMap;

/**
 * The links of a coordinator to all members of its volume, by replica id and by slot: a set of
 * members is a mask of slots, so that "everybody has it" is one comparison. Keeps links open and
 * leases renewed. Loop thread only.
 */
final class Members {
  private static final int SLOTS = 64;

  /** What the links report to the machine. */
  interface Listener {
    void memberWelcomed(MemberLink member, boolean restarted, long now);

    void memberLost(MemberLink member, long now);

    /** Somebody has promised an epoch above ours. */
    void fencedBy(int promise, long now);

    /** The member's copy of an extent is damaged. */
    void damaged(MemberLink member, long extent);

    long now();

    /** Anything was answered: look what can go on. */
    void answered(long now);
  }

  private final long cluster;
  private final VolumeId volume;
  private final CoordinatorRef self;
  private final CoordinatorEffects effects;
  private final Timing timing;
  private final Listener listener;
  private final Map<Long, MemberLink> byReplica = new TreeMap<>();

  /** The same links by replica id; another array whenever anything about them has changed. */
  private MemberLink[] all = {};

  private final MemberLink[] bySlot = new MemberLink[SLOTS];
  private long requests;

  Members(
      long cluster,
      VolumeId volume,
      CoordinatorRef self,
      CoordinatorEffects effects,
      Timing timing,
      Listener listener) {
    this.cluster = cluster;
    this.volume = volume;
    this.self = self;
    this.effects = effects;
    this.timing = timing;
    this.listener = listener;
  }

  /**
   * All links, by replica id; not to be changed. Looked at many times for each operation, which is
   * why it is no list: its iterators would be most of what the loop allocates.
   */
  MemberLink[] all() {
    return all;
  }

  MemberLink get(long replica) {
    MemberLink link = byReplica.get(replica);
    check(link != null, "replica %x is no member", replica);
    return link;
  }

  long nextRequest() {
    return ++requests;
  }

  /**
   * Takes the members of the record over. Returns the slots that belong to nobody any more; {@code
   * needed} ones are kept although their member has left, since something may still rely on them.
   */
  long update(Membership membership, long needed, long now) {
    for (Member member : membership.members()) {
      MemberLink known = byReplica.get(member.replica());
      if (known == null) {
        add(member, now);
      } else {
        boolean left = known.member().inSync() && !member.inSync();
        known.update(member);
        if (left && known.isWelcomed() && !known.whole()) {
          // What it was asked about the part that it lacks has no answer: begin anew.
          disconnect(known, now);
        }
      }
    }
    long freed = 0;
    for (MemberLink link : bySlot) {
      boolean gone =
          link != null
              && membership.member(link.member().replica()).isEmpty()
              && (needed & link.bit()) == 0;
      if (gone) {
        byReplica.remove(link.member().replica());
        bySlot[link.slot] = null;
        link.close();
        freed |= link.bit();
      }
    }
    all = byReplica.values().toArray(MemberLink[]::new);
    return freed;
  }

  private void add(Member member, long now) {
    for (int slot = 0; slot < SLOTS; slot++) {
      if (bySlot[slot] == null) {
        MemberLink link = new MemberLink(slot, member, now);
        bySlot[slot] = link;
        byReplica.put(member.replica(), link);
        return;
      }
    }
    check(false, "more than %s members", SLOTS);
  }

  /**
   * Opens what is not open, and opens anew what has been silent for too long: it may be half open.
   */
  void connect(long now) {
    for (MemberLink member : all()) {
      if (member.silentFor(now, timing) >= 2 * timing.memberTimeout()) {
        disconnect(member, now);
      }
      boolean useful = member.member().state() != ReplicaState.FAILED && !member.failed();
      if (useful && member.wantsConnection(now)) {
        long connection = member.connectionStarted();
        effects.connect(member.member(), new Handler(member, connection));
      }
    }
  }

  private void disconnect(MemberLink member, long now) {
    member.close();
    member.disconnected(now, timing.tick() * 2);
    listener.memberLost(member, now);
  }

  void closeAll() {
    for (MemberLink member : all()) {
      member.close();
    }
  }

  /** Renews leases that are due: the heartbeat. */
  void renew(int epoch, long watermark, boolean attemptOpen, long now) {
    for (MemberLink member : all()) {
      if (member.usable(epoch) && member.wantsRenewal(now, timing)) {
        renewOne(member, epoch, watermark, attemptOpen, now);
      }
    }
  }

  /** Asks for space, and renews the lease with it. */
  void renewOne(MemberLink member, int epoch, long watermark, boolean attemptOpen, long now) {
    member.renewalSent(now);
    member.ask(
        new Renew(nextRequest(), epoch, watermark, attemptOpen),
        new MemberLink.Answer() {
          @Override
          public void answered(Message answer, long at) {
            if (answer instanceof Done done) {
              member.renewed(now, timing);
              member.granted(done.granted());
              if (done.detail() > 0) {
                listener.damaged(member, done.detail() - 1);
              }
            } else {
              member.renewalRefused();
              refused(member, answer, at);
            }
          }

          @Override
          public void lost() {}
        },
        now);
  }

  /**
   * What any unexpected answer means: FENCED is told on, and nothing more is sent to that member
   * before it has promised again; everything else is dropped.
   */
  void refused(MemberLink member, Message answer, long now) {
    if (answer instanceof Fenced fenced) {
      member.fencedAt(fenced.promise());
      listener.fencedBy(fenced.promise(), now);
    }
    answer.discard();
  }

  private final class Handler implements Link.Handler<Message> {
    private final MemberLink member;
    private final long connection;

    Handler(MemberLink member, long connection) {
      this.member = member;
      this.connection = connection;
    }

    private boolean current() {
      return member.connection() == connection && bySlot[member.slot] == member;
    }

    @Override
    public void opened(Link<Message> link) {
      if (!current()) {
        link.close();
        return;
      }
      member.opened(link, listener.now());
      Member who = member.member();
      link.send(
          new Hello(
              nextRequest(),
              cluster,
              volume,
              who.replica(),
              who.incarnation(),
              self,
              connection,
              0));
    }

    @Override
    public void received(Link<Message> link, Message message) {
      long now = listener.now();
      if (!current() || !member.isOn(link)) {
        message.discard();
        return;
      }
      switch (message) {
        case Welcome welcome -> {
          long before = member.startId();
          member.welcomed(welcome, now);
          listener.memberWelcomed(member, before != 0 && before != welcome.startId(), now);
        }
        case Refused refused when !member.isWelcomed() -> {
          effects.log(
              volume,
              String.format(
                  "event=member_refused replica=%x reason=\"%s\"",
                  member.member().replica(), refused.reason()));
          link.close();
          lost(now);
        }
        default -> {
          if (message instanceof Done done) {
            member.granted(done.granted());
          }
          member.received(message, now);
        }
      }
      listener.answered(now);
    }

    @Override
    public void closed(Link<Message> link, String reason) {
      if (current()) {
        long now = listener.now();
        lost(now);
        listener.answered(now);
      }
    }

    private void lost(long now) {
      member.disconnected(now, timing.tick() * 2);
      listener.memberLost(member, now);
    }
  }
}
