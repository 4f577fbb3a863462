package io.ashlar.model;

/**
 * What a coordinator sees of a volume's record.
 *
 * @param revision of the whole record; a compare-and-set expects it
 * @param replicas copies besides the first
 */
public record VolumeView(
    VolumeId volume,
    long revision,
    long sizeBytes,
    int replicas,
    FailureMode failureMode,
    Compression compression,
    Membership membership) {

  /** In-sync copies that writes need. */
  public int copiesToWrite() {
    return failureMode.copiesToWrite(replicas);
  }
}
