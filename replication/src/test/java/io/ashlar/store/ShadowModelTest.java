package io.ashlar.store;

import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Some runs against the model; {@link StoreMain} does it as long as one likes. */
final class ShadowModelTest {
  static LongStream seeds() {
    return LongStream.rangeClosed(1, 60);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void storeAgreesWithTheModel(long seed) {
    ShadowRun.run(seed, 5, 120);
  }
}
