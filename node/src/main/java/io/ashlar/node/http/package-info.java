/** The metrics of the node daemon. */
package io.ashlar.node.http;
