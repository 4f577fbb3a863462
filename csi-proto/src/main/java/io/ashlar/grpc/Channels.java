package io.ashlar.grpc;

import io.ashlar.tls.Tls;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import java.util.Optional;

/** Channels to other daemons. */
public final class Channels {
  private Channels() {}

  /**
   * @param tls none for plain text
   * @param name that the other side has to prove; see {@link io.ashlar.tls.TlsNames}
   */
  public static ManagedChannel to(String host, int port, Optional<Tls> tls, String name) {
    NettyChannelBuilder builder = NettyChannelBuilder.forAddress(host, port);
    if (tls.isEmpty()) {
      return builder.usePlaintext().build();
    }
    return builder
        .sslContext(Tls.built(GrpcSslContexts.configure(tls.get().client(), Tls.provider())))
        .overrideAuthority(name)
        .build();
  }
}
