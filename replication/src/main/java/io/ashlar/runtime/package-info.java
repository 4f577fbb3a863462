/**
 * Puts machines, stores and links of a node together and executes the machines' effects, on one
 * event loop a node. Production and the simulator use the same classes; they differ in the ports
 * they are given.
 */
package io.ashlar.runtime;
