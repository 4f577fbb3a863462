package io.ashlar.controller.nodes;

import io.ashlar.model.NodeId;
import java.util.Optional;

/** Who proves by what token to be a node. Blocks. */
@FunctionalInterface
public interface NodeTokens {
  /**
   * The node that the token is of; none if it is no token of a node daemon of this installation.
   *
   * @throws io.ashlar.controller.state.RefusedException UNREACHABLE if that cannot be told now
   */
  Optional<NodeId> nodeOf(String token);
}
