/**
 * Deterministic simulation of a cluster: the production classes on simulated clock, network, disks
 * and record store. One thread, one event queue, one seed; the same seed gives the same run in any
 * JVM.
 */
package io.ashlar.sim;
