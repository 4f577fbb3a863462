/** A client of the CSI sockets, for demos, scenarios and the hand. */
package io.ashlar.sanity.csi;
