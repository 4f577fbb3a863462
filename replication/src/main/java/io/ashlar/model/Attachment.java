package io.ashlar.model;

/** A volume exposed on one node; {@code bootId} tells whether that host has restarted since. */
public record Attachment(NodeId node, String bootId) {}
