/**
 * What is done to a block between the coordinator and the copies: made smaller before it is stored,
 * restored when it is read. Replicas carry the stored bytes along and know nothing of it.
 *
 * <p>Depends on {@code block} and {@code model} only. Everything here runs on the loop thread and
 * computes; nothing waits, but for a library's native code at its first use.
 */
package io.ashlar.seal;
