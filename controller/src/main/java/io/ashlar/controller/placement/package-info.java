/**
 * Where copies go: a chain of named filters, each rejected node keeps its reason, then an order
 * among the rest. Pure functions of what is known.
 */
package io.ashlar.controller.placement;
