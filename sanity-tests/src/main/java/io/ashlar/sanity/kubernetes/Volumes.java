package io.ashlar.sanity.kubernetes;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/** The product's own view of volumes: {@code kubectl get ashlarvolumes}. */
final class Volumes {
  private final Kube kube;

  Volumes(Kube kube) {
    this.kube = kube;
  }

  private String field(String volume, String path) throws IOException, InterruptedException {
    return kube.kubectl(
        "get",
        "ashlarvolumes",
        "-o",
        "jsonpath={range .items[?(@.spec.name==\"" + volume + "\")]}{" + path + "}{end}");
  }

  /** Such as 2/2. */
  String copies(String volume) throws IOException, InterruptedException {
    return field(volume, ".status.copies");
  }

  String node(String volume) throws IOException, InterruptedException {
    return field(volume, ".status.node");
  }

  String size(String volume) throws IOException, InterruptedException {
    return field(volume, ".status.size");
  }

  String id(String volume) throws IOException, InterruptedException {
    return field(volume, ".status.id");
  }

  List<String> nodesOfCopies(String volume) throws IOException, InterruptedException {
    return Stream.of(
            field(volume, "range .status.record.membership.members[*]}{.node} {end}{\"\"")
                .split(" "))
        .filter(node -> !node.isBlank())
        .toList();
  }

  void awaitInSync(String volume, String copies, long seconds)
      throws IOException, InterruptedException {
    kube.await(
        volume + " has " + copies + " in sync", seconds, () -> copies(volume).equals(copies));
  }

  void awaitGone(String volume, long seconds) throws IOException, InterruptedException {
    kube.await(volume + " is deleted", seconds, () -> id(volume).isEmpty());
  }
}
