/**
 * Data disks on real files and devices: {@link io.ashlar.disk.FileDisk} moves bytes on a few
 * threads of its own and hands completions to the loop. Depends on {@code env}, {@code store} and
 * {@code sys}.
 */
package io.ashlar.disk;
