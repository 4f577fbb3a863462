/**
 * The kubelet on this node is told where CSI is served: pluginregistration.v1 on a socket in the
 * folder that it watches. Knows sockets only, nothing of volumes.
 */
package io.ashlar.node.kubelet;
