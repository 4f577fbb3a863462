package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A load whose content proves itself. {@code write FILE FIRST} writes numbered records one after
 * the other, each durable before the next, round and round in a fixed number of places, and says
 * {@code ack N} for each; an error is said and the same record tried again, until standard input
 * ends. {@code check FILE} says {@code last N} if the file is exactly what it has to be after
 * record N, and fails otherwise.
 */
public final class LoadMain {
  private static final int RECORD_BYTES = 4096;
  private static final int PLACES = 2048;
  private static final int CRC_AT = RECORD_BYTES - Integer.BYTES;
  private static final long RETRY_MILLIS = 100;

  private final PrintStream out;
  private final Path file;

  private LoadMain(PrintStream out, Path file) {
    this.out = out;
    this.file = file;
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    LoadMain load = new LoadMain(out, Path.of(arguments[1]));
    if (arguments[0].equals("check")) {
      load.check();
    } else {
      endWithInput();
      load.write(Long.parseLong(arguments[2]));
    }
  }

  /** Halts, since the writing thread may hang in the kernel while its device is stalled. */
  private static void endWithInput() {
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                while (System.in.read() >= 0) {
                  // whatever comes is no reason to end
                }
              } catch (IOException e) {
                // the other side is gone: the same as its end
              }
              Runtime.getRuntime().halt(0);
            });
  }

  private void write(long first) throws InterruptedException {
    long next = first;
    while (true) {
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE,
              StandardOpenOption.DSYNC)) {
        while (true) {
          ByteBuffer record = record(next);
          channel.write(record, place(next));
          out.println("ack " + next);
          next++;
        }
      } catch (IOException e) {
        out.println("error " + e.getMessage());
        Thread.sleep(RETRY_MILLIS);
      }
    }
  }

  private static long place(long number) {
    return number % PLACES * RECORD_BYTES;
  }

  private static ByteBuffer record(long number) {
    ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
    while (record.position() < CRC_AT) {
      record.putInt((int) (number * 0x9e3779b1L + record.position()));
    }
    record.putLong(0, number);
    CRC32C crc = new CRC32C();
    crc.update(record.array(), 0, CRC_AT);
    return record.putInt(CRC_AT, (int) crc.getValue()).rewind();
  }

  private void check() throws IOException {
    byte[] bytes = java.nio.file.Files.readAllBytes(file);
    ByteBuffer content = ByteBuffer.wrap(bytes);
    long last = -1;
    for (int at = 0; at < bytes.length; at += RECORD_BYTES) {
      last = Math.max(last, content.getLong(at));
    }
    for (long number = Math.max(0, last - PLACES + 1); number <= last; number++) {
      if (!content.slice((int) place(number), RECORD_BYTES).equals(record(number))) {
        throw new IOException("place of record " + number + " of " + last + " holds another");
      }
    }
    out.println("last " + last);
  }
}
