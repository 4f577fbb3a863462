package io.ashlar.controller.state;

import io.ashlar.model.VolumeId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Keys of volume records. The key is a hash of the name, so that creation is idempotent by name
 * with one record; the id is the key and a random part, so that it is never used again when a name
 * is.
 */
public final class VolumeKeys {
  private static final int KEY_CHARACTERS = 20;
  private static final Pattern ID = Pattern.compile("vol-([0-9a-f]{20})-[0-9a-f]{8}");
  private static final Pattern KEY = Pattern.compile("[0-9a-f]{20}");

  private VolumeKeys() {}

  public static String ofName(String name) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash).substring(0, KEY_CHARACTERS);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }

  public static VolumeId newId(String name, int random) {
    return new VolumeId("vol-" + ofName(name) + "-" + HexFormat.of().toHexDigits(random));
  }

  /** The record's key, empty for what was never an id of ours. */
  public static Optional<String> ofId(String volumeId) {
    Matcher matcher = ID.matcher(volumeId);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  public static boolean isKey(String text) {
    return KEY.matcher(text).matches();
  }
}
