package io.ashlar.grpc;

import io.ashlar.guard.RareLog;
import io.ashlar.tls.Tls;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Optional;
import java.util.function.BiPredicate;
import javax.net.ssl.SSLSession;
import org.slf4j.LoggerFactory;

/** Lets only those call a service of whom their certificate says that they may. */
public final class PeerCheck implements ServerInterceptor {
  private static final RareLog LOG = new RareLog(LoggerFactory.getLogger(PeerCheck.class));

  private final BiPredicate<String, Optional<String>> allowed;

  /**
   * @param allowed told the service's full name, and the caller's, if it has proved one
   */
  public PeerCheck(BiPredicate<String, Optional<String>> allowed) {
    this.allowed = allowed;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    Optional<String> peer = session == null ? Optional.empty() : Tls.peer(session);
    String service = call.getMethodDescriptor().getServiceName();
    if (allowed.test(service, peer)) {
      return next.startCall(call, headers);
    }
    LOG.warn(
        "peer_not_allowed",
        "event=peer_not_allowed service={} peer={} address={}",
        service,
        peer.orElse("unknown"),
        call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
    call.close(
        Status.PERMISSION_DENIED.withDescription(
            "%s may not call %s: its certificate does not say so"
                .formatted(peer.orElse("somebody without a certificate"), service)),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
