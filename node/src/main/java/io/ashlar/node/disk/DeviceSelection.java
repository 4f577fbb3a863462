package io.ashlar.node.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Picks the devices that a filter means: every one that matches and is this node's already, or
 * blank. What is neither is left alone, and told with its reason.
 */
public final class DeviceSelection {
  /** Looks at a device without changing it. */
  @FunctionalInterface
  public interface Look {
    /**
     * Returns if the device is this node's already, or blank.
     *
     * @throws IOException saying why it cannot be used
     */
    void at(Path device) throws IOException;
  }

  /**
   * What was found, in the order of the devices' paths.
   *
   * @param usable at least one
   * @param refused devices that match and cannot be used, with what {@link Look} said
   */
  public record Found(List<Path> usable, Map<Path, IOException> refused) {}

  private final Pattern filter;
  private final List<Path> usable = new ArrayList<>();
  private final Map<Path, IOException> refused = new LinkedHashMap<>();
  private final List<Path> others = new ArrayList<>();

  private DeviceSelection(Pattern filter) {
    this.filter = filter;
  }

  /**
   * The devices among all of this machine. Blocking.
   *
   * @param filter has to match the whole of a path in /dev, or of a link in /dev/disk/by-*
   * @throws NoDeviceException if there is none that can be used; it says what was looked at
   * @throws IOException if the devices cannot be listed
   */
  public static Found select(Pattern filter, Look look) throws IOException {
    return select(filter, new Devices().list(), look);
  }

  static Found select(Pattern filter, List<Device> devices, Look look) throws NoDeviceException {
    DeviceSelection selection = new DeviceSelection(filter);
    devices.forEach(device -> selection.consider(device, look));
    if (selection.usable.isEmpty()) {
      throw new NoDeviceException(selection.nothing());
    }
    return new Found(selection.usable, selection.refused);
  }

  private void consider(Device device, Look look) {
    Path path = device.path();
    if (!device.matches(filter)) {
      others.add(path);
      return;
    }
    try {
      refusePart(device);
      look.at(path);
      usable.add(path);
    } catch (IOException unusable) {
      refused.put(path, unusable);
    }
  }

  /** The same bytes may well look like ours; but then the device made of it is the one to use. */
  private static void refusePart(Device device) throws IOException {
    if (!device.holders().isEmpty()) {
      throw new IOException("it is part of " + String.join(", ", device.holders()));
    }
  }

  private String nothing() {
    if (refused.isEmpty()) {
      return "--device-filter %s matches no block device; there are: %s"
          .formatted(filter, others.stream().map(Path::toString).collect(Collectors.joining(", ")));
    }
    return "--device-filter %s matches no device that can be used; nothing was changed. Refused: %s"
        .formatted(
            filter,
            refused.entrySet().stream()
                .map(each -> each.getKey() + ": " + each.getValue().getMessage())
                .collect(Collectors.joining("; ")));
  }
}
