/**
 * What the black-box programs share: a dev cluster, volumes led through the real CSI sockets, loads
 * that know what they were promised, and the comparison of copies. Talks to the daemons from
 * outside only.
 */
package io.ashlar.sanity.cluster;
