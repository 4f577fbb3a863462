/**
 * The controller's side of control/v1: who is there and alive, the records for the nodes that work
 * on them, and the client of the nodes' agents. Calls block; handlers run on virtual threads.
 */
package io.ashlar.controller.nodes;
