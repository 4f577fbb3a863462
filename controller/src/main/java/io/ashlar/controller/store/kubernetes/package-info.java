/**
 * {@link io.ashlar.controller.store.ClusterStore} in the Kubernetes API: a record is a custom
 * resource, compare-and-set goes by its resourceVersion. Nothing outside of this package knows the
 * client library's types.
 */
package io.ashlar.controller.store.kubernetes;
