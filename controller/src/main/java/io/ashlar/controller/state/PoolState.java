package io.ashlar.controller.state;

/** Disks of a node as it last reported them. */
public record PoolState(String name, long totalBytes, long freeBytes, boolean failed) {}
