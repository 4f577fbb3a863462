/**
 * The product's main job, shown on one machine: a dev cluster, real CSI sockets, real mounts, and
 * failures under a load that knows what it was promised.
 */
package io.ashlar.sanity.demo;
