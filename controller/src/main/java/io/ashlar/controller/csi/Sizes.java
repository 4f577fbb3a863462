package io.ashlar.controller.csi;

import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.state.VolumeUse;
import io.ashlar.csi.v1.CapacityRange;
import io.ashlar.model.Blocks;
import java.util.List;

/**
 * Sizes of volumes, from capacity ranges. A size is a multiple of 4 KiB; it is rounded up to the
 * next MiB where the range allows it, and is exactly what was asked where the range leaves no
 * choice.
 */
final class Sizes {
  static final long DEFAULT_BYTES = 1L << 30;

  /** Below, mkfs.ext4 makes no journal or nothing at all, or leaves no room to speak of. */
  static final long EXT4_BYTES_MIN = 16L << 20;

  /** mkfs.xfs refuses less. */
  static final long XFS_BYTES_MIN = 300L << 20;

  private static final long UNIT = 1L << 20;

  private Sizes() {}

  /** Size of a new volume for these uses. */
  static long forNew(CapacityRange range, List<VolumeUse> uses) {
    requireSane(range);
    long minimum = minimum(uses);
    long size = pick(wanted(range, minimum), range.getLimitBytes());
    if (size < minimum) {
      throw new RefusedException(
          Kind.SIZE, "%d bytes are too small for %s: at least %d are needed", size, uses, minimum);
    }
    return size;
  }

  /** Without a required size: the default, or less if the limit says so. */
  private static long wanted(CapacityRange range, long minimum) {
    if (range.getRequiredBytes() > 0) {
      return range.getRequiredBytes();
    }
    long limit = range.getLimitBytes();
    return limit == 0 || limit >= DEFAULT_BYTES
        ? DEFAULT_BYTES
        : Math.max(minimum, limit / Blocks.BLOCK_BYTES * Blocks.BLOCK_BYTES);
  }

  /** Size that a volume is to grow to; one that is large enough keeps its size. */
  static long forExpansion(CapacityRange range, long currentBytes) {
    requireSane(range);
    if (range.getRequiredBytes() == 0 && range.getLimitBytes() == 0) {
      throw Requests.invalid("capacity_range is required");
    }
    if (range.getLimitBytes() != 0 && currentBytes > range.getLimitBytes()) {
      throw new RefusedException(
          Kind.SIZE,
          "the volume has %d bytes, more than limit_bytes %d: it cannot shrink",
          currentBytes,
          range.getLimitBytes());
    }
    return range.getRequiredBytes() <= currentBytes
        ? currentBytes
        : pick(range.getRequiredBytes(), range.getLimitBytes());
  }

  private static void requireSane(CapacityRange range) {
    if (range.getRequiredBytes() < 0 || range.getLimitBytes() < 0) {
      throw Requests.invalid(
          "capacity_range is negative: required_bytes %d, limit_bytes %d",
          range.getRequiredBytes(), range.getLimitBytes());
    }
    if (range.getLimitBytes() != 0 && range.getRequiredBytes() > range.getLimitBytes()) {
      throw Requests.invalid(
          "required_bytes %d is more than limit_bytes %d",
          range.getRequiredBytes(), range.getLimitBytes());
    }
  }

  private static long pick(long required, long limit) {
    if (required > Blocks.VOLUME_BYTES_MAX) {
      throw new RefusedException(
          Kind.SIZE,
          "%d bytes are more than the largest volume, %d",
          required,
          Blocks.VOLUME_BYTES_MAX);
    }
    long rounded = roundUp(required, UNIT);
    if (limit == 0 || rounded <= limit) {
      return rounded;
    }
    long exact = roundUp(required, Blocks.BLOCK_BYTES);
    if (exact <= limit) {
      return exact;
    }
    throw new RefusedException(
        Kind.SIZE,
        "no multiple of %d bytes lies between required_bytes %d and limit_bytes %d",
        Blocks.BLOCK_BYTES,
        required,
        limit);
  }

  private static long minimum(List<VolumeUse> uses) {
    return uses.stream().mapToLong(Sizes::minimum).max().orElse(Blocks.BLOCK_BYTES);
  }

  private static long minimum(VolumeUse use) {
    return switch (use.fsType()) {
      case "ext4" -> EXT4_BYTES_MIN;
      case "xfs" -> XFS_BYTES_MIN;
      default -> Blocks.BLOCK_BYTES;
    };
  }

  private static long roundUp(long bytes, long unit) {
    return (bytes + unit - 1) / unit * unit;
  }
}
