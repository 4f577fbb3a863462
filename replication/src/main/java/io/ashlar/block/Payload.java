package io.ashlar.block;

import static io.ashlar.model.Invariants.check;

import java.nio.ByteBuffer;

/**
 * A leased buffer with a count of its owners. Whoever holds one of the counts may read the bytes;
 * the last {@link #release} gives the memory back to its pool.
 *
 * <p>Ownership is by naming rule: a method that "takes" a payload owns one count and releases it,
 * one that "borrows" it does not. The count is not atomic: a payload belongs to one loop at a time
 * and changes hands only through a queue.
 */
public final class Payload {
  /** Takes the memory back. */
  public interface Owner {
    void recycle(ByteBuffer memory);
  }

  private final ByteBuffer memory;
  private final int offset;
  private final int lengthBytes;
  private final Owner owner;
  private final Payload parent;
  private int count = 1;

  private Payload(ByteBuffer memory, int offset, int lengthBytes, Owner owner, Payload parent) {
    this.memory = memory;
    this.offset = offset;
    this.lengthBytes = lengthBytes;
    this.owner = owner;
    this.parent = parent;
  }

  /**
   * Wraps memory of a pool; the first {@code lengthBytes} are the payload. The caller owns one
   * count.
   */
  public static Payload of(ByteBuffer memory, int lengthBytes, Owner owner) {
    return new Payload(memory, 0, lengthBytes, owner, null);
  }

  /** A payload over memory that the collector frees. */
  public static Payload unpooled(ByteBuffer memory) {
    return new Payload(memory, 0, memory.capacity(), ignored -> {}, null);
  }

  public int lengthBytes() {
    return lengthBytes;
  }

  /** A fresh view with its own position: 0 to length. Valid while a count is held. */
  public ByteBuffer view() {
    check(count > 0, "payload used after its last release");
    return memory.slice(offset, lengthBytes);
  }

  /** A fresh view of a part of it. */
  public ByteBuffer view(int from, int length) {
    check(count > 0, "payload used after its last release");
    return memory.slice(offset + from, length);
  }

  /** A part as a payload of its own; it holds a count of this one. The caller owns it. */
  public Payload slice(int from, int length) {
    check(
        from >= 0 && length >= 0 && from + length <= lengthBytes,
        "slice %s+%s of %s",
        from,
        length,
        lengthBytes);
    retain();
    return new Payload(memory, offset + from, length, null, this);
  }

  public Payload retain() {
    check(count > 0, "payload retained after its last release");
    count++;
    return this;
  }

  public void release() {
    check(count > 0, "payload released too often");
    count--;
    if (count == 0) {
      if (parent == null) {
        owner.recycle(memory);
      } else {
        parent.release();
      }
    }
  }
}
