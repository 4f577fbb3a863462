package io.ashlar.sanity.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * Something that fio reads and writes.
 *
 * @param prefix of fio's command, which brings it to where the target is
 * @param engine the options of fio that choose its engine
 * @param servers processes that do the target's work, whose CPU time is counted with fio's
 */
record Target(String name, List<String> prefix, List<String> engine, List<Long> servers) {
  static Target file(String name, String path) {
    return device(name, List.of(), path, List.of());
  }

  /** A block device or file, perhaps where only commands with a prefix see it. */
  static Target device(String name, List<String> prefix, String path, List<Long> servers) {
    return new Target(name, prefix, List.of("--ioengine=libaio", "--filename=" + path), servers);
  }

  /** The same, and what is written is anew each time and can be made smaller by so much. */
  Target writing(int compressiblePercent) {
    List<String> words = new ArrayList<>(engine);
    words.addAll(
        List.of("--refill_buffers", "--buffer_compress_percentage=" + compressiblePercent));
    return new Target(name, prefix, words, servers);
  }

  static Target nbd(String name, String uri, List<Long> servers) {
    return new Target(name, List.of(), List.of("--ioengine=nbd", "--uri=" + uri), servers);
  }
}
