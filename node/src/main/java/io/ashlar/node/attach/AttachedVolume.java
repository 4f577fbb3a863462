package io.ashlar.node.attach;

import java.nio.file.Path;

/**
 * A volume's device on this node.
 *
 * @param generation of the attachment that the device stands for
 */
public record AttachedVolume(Path devicePath, long sizeBytes, long generation) {}
