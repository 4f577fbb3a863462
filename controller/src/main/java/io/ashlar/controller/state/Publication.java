package io.ashlar.controller.state;

import io.ashlar.model.NodeId;

/**
 * To whom and for which use a volume is published; a repeated publish has to agree with it.
 *
 * @param readOnly nobody there may write to it
 */
public record Publication(NodeId node, VolumeUse use, boolean readOnly) {}
