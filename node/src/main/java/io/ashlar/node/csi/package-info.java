/**
 * CSI Node: stage, publish, and back; statistics, expansion. Nothing is persisted: the mount table
 * and the volume's record say what there is.
 *
 * <p>Handlers run on gRPC's virtual threads and only wait; the work runs on platform threads, one
 * operation of a volume after the other, and goes on when the caller has given up.
 */
package io.ashlar.node.csi;
