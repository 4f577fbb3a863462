/** Finds the node's data disk among the machine's block devices. Reads only, and knows no store. */
package io.ashlar.node.disk;
