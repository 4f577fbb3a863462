package io.ashlar.controller.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.controller.store.embedded.EmbeddedStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract on a real SQLite file. */
final class EmbeddedStoreTest extends ClusterStoreContract {
  @TempDir Path folder;

  @Override
  protected ClusterStore open() {
    return new EmbeddedStore(folder.resolve("cluster.db"));
  }

  @Test
  void aFileThatIsNoStoreIsRefused() throws Exception {
    Path file = folder.resolve("foreign.db");
    Files.writeString(file, "this is not a database, and long enough to be looked at ".repeat(40));

    assertThatThrownBy(() -> new EmbeddedStore(file).close())
        .isInstanceOf(ClusterStore.StoreException.class)
        .hasMessageContaining("foreign.db");
  }

  @Test
  void whatAKilledControllersDriverLeftIsSwept() throws Exception {
    Path left = Files.createDirectories(folder.resolve("other/driver")).resolve("sqlite-1.so.lck");
    Files.createFile(left);
    new EmbeddedStore(folder.resolve("other/cluster.db")).close();
    assertThat(left).doesNotExist();
    assertThat(System.getProperty("org.sqlite.tmpdir")).isEqualTo(left.getParent().toString());
  }
}
