/** One CSI call from the command line, for checks that are scripts. */
package io.ashlar.sanity.csi;
