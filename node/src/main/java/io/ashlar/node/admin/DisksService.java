package io.ashlar.node.admin;

import static io.ashlar.model.Invariants.require;

import io.ashlar.control.v1.AddDiskRequest;
import io.ashlar.control.v1.Disk;
import io.ashlar.control.v1.DisksGrpc;
import io.ashlar.control.v1.DrainDiskRequest;
import io.ashlar.control.v1.ListDisksReply;
import io.ashlar.control.v1.ListDisksRequest;
import io.ashlar.control.v1.RemoveDiskReply;
import io.ashlar.control.v1.RemoveDiskRequest;
import io.ashlar.node.pool.DiskChanges;
import io.ashlar.node.pool.DiskRefusal;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** {@link DiskChanges} by gRPC; runs on threads that may wait. */
public final class DisksService extends DisksGrpc.DisksImplBase {
  private static final int ID_DIGITS = 16;

  private final DiskChanges disks;

  public DisksService(DiskChanges disks) {
    this.disks = disks;
  }

  @Override
  public void list(ListDisksRequest request, StreamObserver<ListDisksReply> observer) {
    answer(
        observer,
        () -> {
          ListDisksReply.Builder reply = ListDisksReply.newBuilder();
          disks.list().forEach(view -> reply.addDisks(disk(view)));
          return reply.build();
        });
  }

  @Override
  public void add(AddDiskRequest request, StreamObserver<Disk> observer) {
    answer(
        observer,
        () -> disk(disks.add(path(request.getPath()), request.getFileBytes(), request.getErase())));
  }

  @Override
  public void drain(DrainDiskRequest request, StreamObserver<Disk> observer) {
    answer(observer, () -> disk(disks.drain(id(request.getDiskId()), !request.getCancel())));
  }

  @Override
  public void remove(RemoveDiskRequest request, StreamObserver<RemoveDiskReply> observer) {
    answer(
        observer,
        () -> {
          disks.remove(id(request.getDiskId()));
          return RemoveDiskReply.getDefaultInstance();
        });
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException wrong) {
      throw new IllegalArgumentException("the path cannot be: " + wrong.getMessage(), wrong);
    }
  }

  private static long id(String text) {
    require(
        text.matches("[0-9a-f]{" + ID_DIGITS + "}"),
        "'%s' is no disk id: want 16 hex digits, as \"ashlar disk list\" shows them",
        text);
    return Long.parseUnsignedLong(text, 16);
  }

  private static Disk disk(DiskChanges.View view) {
    return Disk.newBuilder()
        .setDiskId(view.id())
        .setPath(view.path().toString())
        .setState(Disk.State.valueOf(view.state().name()))
        .setTotalBytes(view.totalBytes())
        .setFreeBytes(view.freeBytes())
        .setShards(view.shards())
        .setDetail(view.detail())
        .build();
  }

  private interface Call<T> {
    T run() throws DiskRefusal, InterruptedException;
  }

  /** Bad values and bugs are answered by the server's interceptor. */
  private static <T> void answer(StreamObserver<T> observer, Call<T> call) {
    try {
      observer.onNext(call.run());
      observer.onCompleted();
    } catch (DiskRefusal refused) {
      observer.onError(code(refused.kind()).withDescription(refused.getMessage()).asException());
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
      observer.onError(
          Status.UNAVAILABLE.withDescription("the node daemon is ending").asException());
    }
  }

  private static Status code(DiskRefusal.Kind kind) {
    return switch (kind) {
      case INVALID -> Status.INVALID_ARGUMENT;
      case UNKNOWN_DISK -> Status.NOT_FOUND;
      case WRONG_STATE -> Status.FAILED_PRECONDITION;
      case IN_PROGRESS -> Status.ABORTED;
      case DISK -> Status.INTERNAL;
    };
  }
}
