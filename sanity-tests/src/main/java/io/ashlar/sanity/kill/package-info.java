/**
 * Kill loops: volumes under verified loads while daemons and machines die in an order that a
 * printed seed decides, and mounts that are interrupted at every moment. What must hold: no error,
 * no mismatch, no hang, nothing left behind.
 */
package io.ashlar.sanity.kill;
