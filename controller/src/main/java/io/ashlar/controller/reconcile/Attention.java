package io.ashlar.controller.reconcile;

import java.util.Optional;

/** Where volumes are looked after, if that is here: another controller may be the leader. */
public interface Attention {
  /** Has a volume looked at, soon; nothing if another controller leads, which hears of changes. */
  void kick(String key);

  /** What the work for this volume is waiting for, if that is known here. */
  Optional<String> problem(String key);
}
