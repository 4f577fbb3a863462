package io.ashlar.store.map;

/**
 * A node on the disk that no tree points at any more, with everything below it.
 *
 * @param replica number of the replica it was part of
 * @param sealed blocks below it may take less than a page each
 * @param number which one of its level
 */
public record DeadNode(int replica, boolean leaf, boolean sealed, long number, long word) {}
