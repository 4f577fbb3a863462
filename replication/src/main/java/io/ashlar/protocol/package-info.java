/**
 * The replication protocol as pure machines: {@link io.ashlar.protocol.CoordinatorMachine}, {@link
 * io.ashlar.protocol.ReplicaMachine} and {@link io.ashlar.protocol.ResyncMachine}. They have no
 * clock, no socket, no disk and no thread; they are called on their loop with the time and an
 * input, and write what must happen into an effects interface, which production executes and the
 * simulator executes too.
 */
package io.ashlar.protocol;
