package io.ashlar.node.agent;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A real channel that counts how often it was told not to wait any longer before it connects. */
final class WatchedChannel extends ManagedChannel {
  private final ManagedChannel real;
  private final AtomicInteger resets = new AtomicInteger();

  WatchedChannel(ManagedChannel real) {
    this.real = real;
  }

  int resets() {
    return resets.get();
  }

  @Override
  public void resetConnectBackoff() {
    resets.incrementAndGet();
    real.resetConnectBackoff();
  }

  @Override
  public void enterIdle() {
    real.enterIdle();
  }

  @Override
  public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
    return real.newCall(method, options);
  }

  @Override
  public String authority() {
    return real.authority();
  }

  @Override
  public ManagedChannel shutdown() {
    real.shutdown();
    return this;
  }

  @Override
  public ManagedChannel shutdownNow() {
    real.shutdownNow();
    return this;
  }

  @Override
  public boolean isShutdown() {
    return real.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return real.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return real.awaitTermination(timeout, unit);
  }
}
