package io.ashlar.block;

/**
 * Size and limits of a device as its front-ends announce them. Requests may have any byte
 * alignment.
 */
public record DeviceGeometry(long sizeBytes, int preferredBytes, int requestBytesMax) {}
