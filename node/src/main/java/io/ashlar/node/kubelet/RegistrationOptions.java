package io.ashlar.node.kubelet;

import static io.ashlar.model.Invariants.require;

import io.ashlar.csi.server.CsiEndpoint;
import io.ashlar.csi.server.IdentityService;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How the kubelet is to find us.
 *
 * @param folder the one that it watches for plugins, as we see it
 * @param csiPath the CSI socket, as the kubelet sees it: it may know another path than we do
 */
public record RegistrationOptions(Path folder, Path csiPath) {
  public RegistrationOptions {
    require(folder.isAbsolute(), "--kubelet-registration-dir %s is not an absolute path", folder);
    require(csiPath.isAbsolute(), "--kubelet-csi-path %s is not an absolute path", csiPath);
  }

  /** The name that the kubelet's own documentation gives to such a socket. */
  CsiEndpoint endpoint() {
    return new CsiEndpoint(folder.resolve(IdentityService.DRIVER_NAME + "-reg.sock"));
  }

  /**
   * @throws IllegalArgumentException if the folder is not there: the kubelet makes it, so one that
   *     is missing is a wrong path, or not mounted into our container
   */
  public void requireFolder() {
    require(
        Files.isDirectory(folder),
        "--kubelet-registration-dir %s is not a folder; the kubelet's is usually"
            + " /var/lib/kubelet/plugins_registry, and a container has to mount it",
        folder);
  }
}
