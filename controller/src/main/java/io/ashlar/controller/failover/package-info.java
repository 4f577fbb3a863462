/**
 * Fencing on demand: a node that may still be writing is shut out before anyone else gets its
 * volume. Has its own reconcile loop, so that nothing else delays it.
 */
package io.ashlar.controller.failover;
