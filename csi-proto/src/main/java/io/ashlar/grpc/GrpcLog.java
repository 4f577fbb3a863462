package io.ashlar.grpc;

import io.ashlar.guard.RareLog;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what gRPC says with java.util.logging into our own log, as one line each and at a bounded
 * rate: otherwise every client that sends garbage leaves a stack trace on standard error.
 */
public final class GrpcLog extends Handler {
  private final RareLog lines = new RareLog(LoggerFactory.getLogger("io.grpc"));

  private GrpcLog() {}

  /** Once, before the first server or channel is made. */
  public static void install() {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.INFO);
    root.addHandler(new GrpcLog());
  }

  @Override
  public void publish(LogRecord record) {
    Throwable cause = record.getThrown();
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    lines.warn(
        String.valueOf(record.getLoggerName()),
        "event=grpc said=\"{}\" reason=\"{}\"",
        record.getMessage(),
        String.valueOf(cause));
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
