package io.ashlar.node.disk;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.env.Roster.Known;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file of disks in use; its loop is a queue whose tasks the tests run. */
final class RosterFileTest {
  private static final Known KNOWN = new Known(7, List.of(0x8123456789abcdefL, 1L));

  @TempDir Path folder;
  private final BlockingQueue<Runnable> loop = new LinkedBlockingQueue<>();
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("disks");
  }

  private RosterFile open() throws IOException {
    return RosterFile.open(file, loop::add);
  }

  private void keepNow(Known known) throws IOException {
    try (RosterFile roster = open()) {
      roster.keepNow(known);
    }
  }

  private void assertKnown(Known wanted) throws IOException {
    try (RosterFile roster = open()) {
      assertThat(roster.known()).contains(wanted);
    }
  }

  @Test
  void nothingIsKnownBeforeAnythingWasKept() throws IOException {
    try (RosterFile roster = open()) {
      assertThat(roster.known()).isEmpty();
    }
  }

  @Test
  void whatWasKeptIsKnownToTheNextProcess() throws IOException {
    keepNow(KNOWN);
    assertKnown(KNOWN);
    keepNow(new Known(8, List.of()));
    assertKnown(new Known(8, List.of()));
  }

  @Test
  void theFormatStaysAsItIs() throws IOException {
    keepNow(KNOWN);
    assertThat(file)
        .hasContent(
            "ashlar disks 1\nepoch 7\ndisk 8123456789abcdef\ndisk 0000000000000001\n"
                + "crc32c 765704c3\n");
  }

  @Test
  void whatIsKeptLaterIsWrittenLaterAndToldOnTheLoop() throws Exception {
    List<Integer> told = new ArrayList<>();
    try (RosterFile roster = open()) {
      for (int epoch = 1; epoch <= 20; epoch++) {
        int each = epoch;
        roster.keep(new Known(epoch, List.of(5L)), () -> told.add(each));
      }
      assertThat(told).isEmpty();
      for (int i = 0; i < 20; i++) {
        loop.poll(10, TimeUnit.SECONDS).run();
      }
    }
    assertThat(told).hasSize(20).isSorted();
    assertKnown(new Known(20, List.of(5L)));
  }

  @Test
  void whatCannotBeKeptIsABugOfTheLoopAndNeverTold() throws Exception {
    List<Integer> told = new ArrayList<>();
    try (RosterFile roster = open()) {
      Files.createDirectory(folder.resolve("disks.new"));
      roster.keep(KNOWN, () -> told.add(1));
      Runnable task = loop.poll(10, TimeUnit.SECONDS);
      assertThatThrownBy(task::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(file.toString());
    }
    assertThat(told).isEmpty();
  }

  @Test
  void everyDamageIsRefusedAndTheFileIsLeft() throws IOException {
    keepNow(KNOWN);
    byte[] good = Files.readAllBytes(file);
    for (int at = 0; at < good.length; at++) {
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        byte[] bad = good.clone();
        bad[at] ^= (byte) (1 << bit);
        assertRefused(bad);
      }
      assertRefused(Arrays.copyOf(good, at));
    }
    assertRefused(new byte[good.length]);
    assertRefused("crc32c 00000000\n".getBytes(US_ASCII));
  }

  private void assertRefused(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    assertThatThrownBy(this::open)
        .isInstanceOf(RosterDamagedException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("remove this file and start again");
    assertThat(file).hasBinaryContent(bytes);
  }

  @Test
  void aHalfWrittenNewOneChangesNothing() throws IOException {
    keepNow(KNOWN);
    Files.writeString(folder.resolve("disks.new"), "ashlar disks 1\nepoch 9999\ndisk 01");
    assertKnown(KNOWN);
    keepNow(new Known(8, List.of(3L)));
    assertKnown(new Known(8, List.of(3L)));
  }
}
