/**
 * CSI Controller. A handler validates, looks for what is there already, writes what is wanted and
 * waits for the reconcilers; it does no work itself. When its caller's time is over the work goes
 * on, and the repeated call joins it. Handlers run on virtual threads. Only {@link
 * io.ashlar.controller.csi.StatusMapper} knows gRPC codes.
 */
package io.ashlar.controller.csi;
