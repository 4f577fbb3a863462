package io.ashlar.controller.state;

/** Whether a file system was ever made on the volume; only goes forward. */
public enum FormatState {
  NEVER_FORMATTED,
  FORMATTING,
  FORMATTED
}
