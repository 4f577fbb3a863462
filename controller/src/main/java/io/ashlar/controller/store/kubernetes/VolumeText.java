package io.ashlar.controller.store.kubernetes;

import io.ashlar.controller.state.RecordCodec;
import io.ashlar.controller.state.VolumeRecord;
import io.ashlar.controller.state.VolumeSummary;
import io.ashlar.controller.state.VolumeSummary.State;
import io.ashlar.model.NodeId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code kubectl get ashlarvolumes} shows of a volume. */
final class VolumeText implements StatusText {
  private static final RecordCodec<VolumeRecord> CODEC = new RecordCodec<>(VolumeRecord.class);
  private static final String[] UNITS = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};

  @Override
  public Map<String, Object> of(String value) {
    VolumeRecord record = CODEC.read(value);
    VolumeSummary summary = VolumeSummary.of(record);
    Map<String, Object> text = new LinkedHashMap<>();
    text.put("id", record.id().value());
    text.put("size", quantity(record.spec().sizeBytes()));
    text.put("copies", summary.inSync() + "/" + summary.copies());
    text.put("node", summary.node().map(NodeId::value).orElse(""));
    text.put("state", summary.state().text());
    State state = summary.state();
    text.put(
        "conditions",
        List.of(
            condition("Writable", state.writable(), state),
            condition("InSync", state == State.HEALTHY, state)));
    return text;
  }

  private static Map<String, Object> condition(String type, boolean holds, State state) {
    Map<String, Object> condition = new LinkedHashMap<>();
    condition.put("type", type);
    condition.put("status", holds ? "True" : "False");
    condition.put("reason", state.text());
    condition.put("message", state.meaning());
    return condition;
  }

  /** In the largest unit that tells it exactly. */
  static String quantity(long bytes) {
    long left = bytes;
    int unit = 0;
    while (left != 0 && left % 1024 == 0 && unit < UNITS.length - 1) {
      left /= 1024;
      unit++;
    }
    return left + UNITS[unit];
  }
}
