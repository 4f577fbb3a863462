/**
 * A node whose disk is nearly full: what its upkeep costs then, how it restarts with all that data,
 * and whether it stays the same over a long time.
 */
package io.ashlar.sanity.fill;
