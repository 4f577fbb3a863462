/** Health and metrics of the node daemon over HTTP. */
package io.ashlar.node.http;
