package io.ashlar.controller.csi;

import io.ashlar.controller.state.RefusedException;
import io.ashlar.controller.state.RefusedException.Kind;
import io.ashlar.controller.state.VolumeKeys;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.store.Records.Versioned;
import io.ashlar.csi.v1.ListVolumesRequest;
import java.util.List;

/**
 * Pages of volumes in the order of their keys. A token names the last key of its page, so it stays
 * good when that volume, or any other, is deleted.
 *
 * @param nextToken empty if this was the last page
 */
record VolumePages(List<VolumeRecord> volumes, String nextToken) {
  /** Clients take 4 MiB of answer; about 200 bytes an entry leave room. */
  static final int ENTRIES_MAX = 10_000;

  private static final String TOKEN_PREFIX = "after-";

  static VolumePages page(List<Versioned<VolumeRecord>> all, ListVolumesRequest request) {
    Requests.requireEntriesMax(request.getMaxEntries());
    String after = after(request.getStartingToken());
    int wanted =
        request.getMaxEntries() == 0 ? ENTRIES_MAX : Math.min(request.getMaxEntries(), ENTRIES_MAX);
    List<Versioned<VolumeRecord>> rest =
        all.stream()
            .filter(volume -> volume.value().visible())
            .filter(volume -> volume.key().compareTo(after) > 0)
            .limit(wanted + 1L)
            .toList();
    boolean more = rest.size() > wanted;
    List<Versioned<VolumeRecord>> page = more ? rest.subList(0, wanted) : rest;
    return new VolumePages(
        page.stream().map(Versioned::value).toList(),
        more ? TOKEN_PREFIX + page.getLast().key() : "");
  }

  private static String after(String token) {
    if (token.isEmpty()) {
      return "";
    }
    String key = token.startsWith(TOKEN_PREFIX) ? token.substring(TOKEN_PREFIX.length()) : "";
    if (!VolumeKeys.isKey(key)) {
      throw new RefusedException(
          Kind.BAD_TOKEN, "starting_token is none of ours: list again without it");
    }
    return key;
  }
}
