/** What operators on this machine may ask of the node, on a Unix socket of its own. */
package io.ashlar.node.admin;
