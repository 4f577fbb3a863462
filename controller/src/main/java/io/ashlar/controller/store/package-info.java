/**
 * The cluster's records behind one port, no more than every real store offers. Methods may block
 * for a disk or the network. No adapter type leaks upward.
 */
package io.ashlar.controller.store;
