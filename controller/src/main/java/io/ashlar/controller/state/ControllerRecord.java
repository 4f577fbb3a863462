package io.ashlar.controller.state;

/**
 * A controller that is there.
 *
 * @param address {@code host:port} that nodes call
 * @param beat grows every few seconds; one whose beat stands still is gone
 */
public record ControllerRecord(String name, String address, long beat) {
  public ControllerRecord next() {
    return new ControllerRecord(name, address, beat + 1);
  }
}
