/**
 * The controller's records: what is wanted, what is, and the operations in progress, as immutable
 * values with pure transitions. No threads, no I/O. Depends on the model only.
 */
package io.ashlar.controller.state;
