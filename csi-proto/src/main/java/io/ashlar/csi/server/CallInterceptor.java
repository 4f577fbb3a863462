package io.ashlar.csi.server;

import com.google.protobuf.Message;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Around every call: numbers it, times it, logs it without secrets, and answers whatever the
 * handler throws with a status and a text. Without it gRPC answers UNKNOWN with no text at all.
 */
public final class CallInterceptor implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(CallInterceptor.class);

  /**
   * Clients refuse an answer whose headers are over 8 KiB (grpc-java's default), and a character
   * can take nine bytes of them: three in UTF-8, each percent-encoded.
   */
  private static final int TEXT_CHARS_MAX = 800;

  private final StatusOf statusOf;
  private final CallObserver observer;
  private final AtomicLong calls = new AtomicLong();

  public CallInterceptor(StatusOf statusOf, CallObserver observer) {
    this.statusOf = statusOf;
    this.observer = observer;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    Observed<Q, R> observed = new Observed<>(call, calls.incrementAndGet());
    return new Guarded<>(next.startCall(observed, headers), observed);
  }

  /** An answer that quotes what was sent is as long as what was sent. */
  private static Status shortened(Status status) {
    String text = status.getDescription();
    return text == null || text.length() <= TEXT_CHARS_MAX
        ? status
        : status.withDescription(text.substring(0, TEXT_CHARS_MAX) + " [shortened]");
  }

  /** Sees the end of the call, whoever ends it. */
  private final class Observed<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private final long number;
    private final long startNanos = System.nanoTime();
    private boolean closed;

    Observed(ServerCall<Q, R> call, long number) {
      super(call);
      this.number = number;
    }

    String method() {
      return getMethodDescriptor().getFullMethodName();
    }

    @Override
    public void close(Status ended, Metadata trailers) {
      Status status = shortened(ended);
      synchronized (this) {
        if (closed) {
          return;
        }
        closed = true;
      }
      Duration took = Duration.ofNanos(System.nanoTime() - startNanos);
      if (status.isOk()) {
        log.debug("call={} method={} code=OK tookMillis={}", number, method(), took.toMillis());
      } else {
        log.info(
            "call={} method={} code={} tookMillis={} message={}",
            number,
            method(),
            status.getCode(),
            took.toMillis(),
            status.getDescription());
      }
      observer.finished(method(), status.getCode().name(), took);
      super.close(status, trailers);
    }
  }

  /** Catches what the handler throws; it runs when the request is complete, in onHalfClose. */
  private final class Guarded<Q, R> extends SimpleForwardingServerCallListener<Q> {
    private final Observed<Q, R> call;

    Guarded(ServerCall.Listener<Q> listener, Observed<Q, R> call) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      if (log.isDebugEnabled() && message instanceof Message request) {
        log.debug("call={} method={} {}", call.number, call.method(), Redactor.text(request));
      }
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      try {
        super.onHalfClose();
      } catch (RuntimeException | Error thrown) {
        call.close(withText(statusOf.failure(thrown), thrown), new Metadata());
      }
    }

    private static Status withText(Status status, Throwable thrown) {
      boolean hasText = status.getDescription() != null && !status.getDescription().isBlank();
      return hasText ? status : status.withDescription(thrown.getClass().getSimpleName());
    }
  }
}
