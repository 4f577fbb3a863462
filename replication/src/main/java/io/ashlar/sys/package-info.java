/**
 * System calls through JNA, one method per call: errno is taken at once, EINTR and short transfers
 * are handled here and nowhere else. Blocking; callers decide on which thread. No state, so any
 * thread may call.
 */
package io.ashlar.sys;
