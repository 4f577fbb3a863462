/**
 * What every socket of ours does about strangers, whatever it speaks: log lines at a bounded rate,
 * and a bounded crowd of those who have not said anything of use yet. Knows no protocol and no
 * network library; thread-safe throughout.
 */
package io.ashlar.guard;
