package io.ashlar.sanity.cluster;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/** Where copies of one volume differ, block by block, in words. */
final class CopyDifference {
  private static final int BLOCK = 4096;
  private static final int SHOWN = 8;

  private CopyDifference() {}

  /** Names the first blocks that differ and, for each node, what it has there. */
  static String between(List<String> nodes, List<Path> copies) throws IOException {
    List<RandomAccessFile> files = new ArrayList<>();
    try {
      for (Path copy : copies) {
        files.add(new RandomAccessFile(copy.toFile(), "r"));
      }
      return compare(nodes, files);
    } finally {
      for (RandomAccessFile file : files) {
        file.close();
      }
    }
  }

  private static String compare(List<String> nodes, List<RandomAccessFile> files)
      throws IOException {
    StringBuilder shown = new StringBuilder();
    long differing = 0;
    byte[][] blocks = new byte[files.size()][BLOCK];
    long length = files.getFirst().length();
    for (long at = 0; at + BLOCK <= length; at += BLOCK) {
      boolean equal = true;
      for (int i = 0; i < blocks.length; i++) {
        files.get(i).seek(at);
        files.get(i).readFully(blocks[i]);
        equal &= Arrays.equals(blocks[0], blocks[i]);
      }
      if (!equal && differing++ < SHOWN) {
        shown.append("; block ").append(at / BLOCK).append(':');
        for (int i = 0; i < blocks.length; i++) {
          shown.append(' ').append(nodes.get(i)).append('=').append(name(blocks[i]));
        }
      }
    }
    return differing + " of " + length / BLOCK + " blocks" + shown;
  }

  private static String name(byte[] block) {
    CRC32C sum = new CRC32C();
    sum.update(block);
    return Arrays.equals(block, new byte[BLOCK]) ? "zeros" : Long.toHexString(sum.getValue());
  }
}
