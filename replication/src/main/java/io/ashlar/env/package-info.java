/**
 * Ports through which everything nondeterministic enters: time, timers, randomness, disks and
 * links. Production implements them in {@code io.ashlar.disk} and {@code io.ashlar.net}, the
 * simulator in its own package. Every callback runs on the loop thread of the caller.
 */
package io.ashlar.env;
