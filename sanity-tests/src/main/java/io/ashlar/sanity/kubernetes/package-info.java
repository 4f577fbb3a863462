/**
 * The driver in a real Kubernetes: what users and operators do, through kubectl and helm, and what
 * happens to machines, pods and daemons meanwhile. Runs on the host beside a cluster of {@code
 * sanity-tests/kubernetes/cluster}; one thread, everything waits with an end.
 */
package io.ashlar.sanity.kubernetes;
