package io.ashlar.runtime;

import io.ashlar.block.PayloadPool;
import io.ashlar.env.Clock;
import io.ashlar.env.Connector;
import io.ashlar.env.RecordStore;
import io.ashlar.env.Rng;
import io.ashlar.env.Timers;
import io.ashlar.model.NodeId;
import io.ashlar.model.VolumeId;
import io.ashlar.protocol.Timing;
import io.ashlar.wire.Message;
import java.util.function.BiConsumer;

/**
 * What a node's loop is given by its surroundings.
 *
 * @param bootId identity of this boot of the host: changes exactly when unsynced writes may be lost
 * @param stateDirId random id of the node's state directory, which one process at a time holds
 *     locked
 * @param log takes one line an event
 */
public record NodePorts(
    long cluster,
    NodeId node,
    String bootId,
    long stateDirId,
    Clock clock,
    Timers timers,
    Rng rng,
    Connector<Message> connector,
    RecordStore records,
    PayloadPool pool,
    Timing timing,
    BiConsumer<VolumeId, String> log) {}
