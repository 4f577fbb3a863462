/**
 * Brings what is to what is wanted: finishes operations, adds missing copies, repairs detached
 * volumes, clears away replicas nobody owns. One virtual thread per volume that needs work, none
 * for the others; every step reads the record anew, acts idempotently and writes by
 * compare-and-set, so it can end anywhere.
 */
package io.ashlar.controller.reconcile;
