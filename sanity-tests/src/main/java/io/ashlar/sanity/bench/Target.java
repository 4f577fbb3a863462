package io.ashlar.sanity.bench;

import java.util.List;

/** Something that fio reads and writes, by the options that choose its engine. */
record Target(String name, List<String> engine) {
  static Target file(String name, String path) {
    return new Target(name, List.of("--ioengine=libaio", "--filename=" + path));
  }

  static Target nbd(String name, String uri) {
    return new Target(name, List.of("--ioengine=nbd", "--uri=" + uri));
  }
}
