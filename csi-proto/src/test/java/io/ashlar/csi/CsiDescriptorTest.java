package io.ashlar.csi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.ashlar.csi.v1.CsiProto;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Our csi.proto is CSI 1.13.0: message by message, field by field, with exactly the differences
 * allowed below. The listing of the published module is made by sanity-tests/go/csi-descriptor.
 */
final class CsiDescriptorTest {
  /** The retired volume conditions of 1.12. */
  private static final Set<String> ONLY_OURS =
      Set.of(
          "message csi.v1.VolumeCondition",
          "field csi.v1.VolumeCondition.abnormal 1 bool single oneof -",
          "field csi.v1.VolumeCondition.message 2 string single oneof -",
          "field csi.v1.ListVolumesResponse.VolumeStatus.volume_condition 2"
              + " csi.v1.VolumeCondition single oneof -",
          "field csi.v1.ControllerGetVolumeResponse.VolumeStatus.volume_condition 2"
              + " csi.v1.VolumeCondition single oneof -",
          "field csi.v1.NodeGetVolumeStatsResponse.volume_condition 2"
              + " csi.v1.VolumeCondition single oneof -",
          "value csi.v1.ControllerServiceCapability.RPC.Type.VOLUME_CONDITION 11",
          "value csi.v1.NodeServiceCapability.RPC.Type.VOLUME_CONDITION 4");

  /** Fields whose name, and nothing else, differs. */
  private static final List<String> RENAMED =
      List.of(
          "field csi.v1.CreateVolumeRequest.%s 8 map<string,string> map oneof -",
          "field csi.v1.ValidateVolumeCapabilitiesRequest.%s 6 map<string,string> map oneof -",
          "field csi.v1.ValidateVolumeCapabilitiesResponse.Confirmed.%s 4"
              + " map<string,string> map oneof -",
          "field csi.v1.ControllerModifyVolumeRequest.%s 3 map<string,string> map oneof -");

  @Test
  void ourDescriptorIsThePublishedOneButForTheAllowedDifferences() throws IOException {
    SortedSet<String> ours = DescriptorListing.of(CsiProto.getDescriptor());

    assertThat(minus(ours, published())).containsExactlyInAnyOrderElementsOf(expectedOnlyOurs());
    assertThat(minus(published(), ours))
        .containsExactlyInAnyOrderElementsOf(renamed("mutable_parameters"));
  }

  @Test
  void aChangedFieldNumberIsFound() throws IOException, DescriptorValidationException {
    SortedSet<String> changed = DescriptorListing.of(withProbeReadyNumbered(2));

    assertThat(minus(changed, published())).isNotEqualTo(expectedOnlyOurs());
    assertThat(minus(published(), changed))
        .contains("field csi.v1.ProbeResponse.ready 1 google.protobuf.BoolValue single oneof -");
  }

  private static SortedSet<String> expectedOnlyOurs() {
    SortedSet<String> expected = new TreeSet<>(ONLY_OURS);
    expected.addAll(renamed("mutable_params"));
    return expected;
  }

  private static List<String> renamed(String name) {
    return RENAMED.stream().map(line -> line.formatted(name)).toList();
  }

  private static SortedSet<String> minus(SortedSet<String> from, SortedSet<String> what) {
    SortedSet<String> rest = new TreeSet<>(from);
    rest.removeAll(what);
    return rest;
  }

  private static SortedSet<String> published() throws IOException {
    try (InputStream listing =
        CsiDescriptorTest.class.getResourceAsStream("/csi-1.13.0.descriptor.txt")) {
      assertThat(listing).isNotNull();
      String text = new String(listing.readAllBytes(), StandardCharsets.UTF_8);
      return new TreeSet<>(text.lines().toList());
    }
  }

  private static FileDescriptor withProbeReadyNumbered(int number)
      throws DescriptorValidationException {
    FileDescriptorProto.Builder file = CsiProto.getDescriptor().toProto().toBuilder();
    for (DescriptorProto.Builder message : file.getMessageTypeBuilderList()) {
      if (message.getName().equals("ProbeResponse")) {
        message.getFieldBuilder(0).setNumber(number);
      }
    }
    FileDescriptor[] imports =
        CsiProto.getDescriptor().getDependencies().toArray(FileDescriptor[]::new);
    return FileDescriptor.buildFrom(file.build(), imports);
  }
}
