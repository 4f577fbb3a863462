/**
 * What the start that is recorded into an AOT cache has nothing of (deploy/record): a log with a
 * tail, controllers, and a volume to open. A small node goes through that a few times, on a scratch
 * disk, before the recorded daemon starts, so that the cache knows this code as one that has run.
 * Not used in any other start.
 */
package io.ashlar.node.rehearsal;
