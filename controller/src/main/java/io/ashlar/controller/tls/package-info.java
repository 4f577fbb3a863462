/**
 * The cluster's own certificate authority. Only this package knows the library that writes
 * certificates; where the authority's key is kept is the back-end's.
 */
package io.ashlar.controller.tls;
