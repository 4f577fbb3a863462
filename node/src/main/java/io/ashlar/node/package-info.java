/**
 * The node daemon: wiring of the data loop, the store, the replication server, coordinators,
 * front-ends, CSI Node and the agent that speaks with the controller.
 */
package io.ashlar.node;
