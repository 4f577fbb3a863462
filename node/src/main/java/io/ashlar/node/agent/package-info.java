/** The conversation with the controller, both ways: control/v1 as client and as server. */
package io.ashlar.node.agent;
