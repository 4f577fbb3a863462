package io.ashlar.sanity.csi;

import io.ashlar.csi.v1.VolumeCapability;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * One CSI call from a shell: {@code CsiTool SOCKET create NAME BYTES FSTYPE [K=V...] | delete ID |
 * publish-to ID NODE FSTYPE | unpublish-from ID NODE | stage ID STAGING FSTYPE | publish ID STAGING
 * TARGET FSTYPE | unpublish ID TARGET | unstage ID STAGING}; FSTYPE is ext4, xfs or block. Prints
 * the volume's id after create.
 */
public final class CsiTool {
  private CsiTool() {}

  public static void main(String[] args) {
    try (CsiClient client = new CsiClient(Path.of(args[0]))) {
      switch (args[1]) {
        case "create" -> System.out.println(create(client, args));
        case "delete" -> client.delete(args[2]);
        case "publish-to" -> {
          var _ = client.publishTo(args[2], args[3], capability(args[4]));
        }
        case "unpublish-from" -> client.unpublishFrom(args[2], args[3]);
        case "stage" -> client.stage(args[2], Path.of(args[3]), capability(args[4]), Map.of());
        case "publish" ->
            client.publish(
                args[2], Path.of(args[3]), Path.of(args[4]), capability(args[5]), Map.of());
        case "unpublish" -> client.unpublish(args[2], Path.of(args[3]));
        case "unstage" -> client.unstage(args[2], Path.of(args[3]));
        default -> throw new IllegalArgumentException("unknown call " + args[1]);
      }
    }
  }

  private static VolumeCapability capability(String fsType) {
    return CsiClient.capability(fsType.equals("block") ? "" : fsType);
  }

  private static String create(CsiClient client, String[] args) {
    Map<String, String> parameters = new HashMap<>();
    for (int i = 5; i < args.length; i++) {
      String[] pair = args[i].split("=", 2);
      parameters.put(pair[0], pair[1]);
    }
    return client.create(args[2], Long.parseLong(args[3]), capability(args[4]), parameters);
  }
}
