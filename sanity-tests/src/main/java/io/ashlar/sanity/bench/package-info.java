/**
 * Speed, as ratios in one run on one machine: fio against volumes with one and with three copies,
 * against a raw file on the same disk, and against servers that others use. Rounds are interleaved
 * and medians are told, since machines are noisy; nothing here asserts a speed.
 */
package io.ashlar.sanity.bench;
