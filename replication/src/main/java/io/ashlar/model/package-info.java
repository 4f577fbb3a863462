/**
 * The words of the product as values: identifiers, versions, the volume's record. Pure, immutable,
 * no threads, no I/O; everything else may depend on it and it depends on nothing.
 */
package io.ashlar.model;
