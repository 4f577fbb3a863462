/**
 * The controller process: {@link io.ashlar.controller.ControllerMain} reads the configuration,
 * {@link io.ashlar.controller.Controller} wires the parts. Packages below: csi, nodes and http at
 * the edges, reconcile and failover at work, placement and state pure, store underneath.
 */
package io.ashlar.controller;
