/**
 * Garbage for every socket that the daemons open, while others use them. Speaks each protocol from
 * its bytes up, because a client library would refuse to say what is said here.
 */
package io.ashlar.sanity.badinput;
