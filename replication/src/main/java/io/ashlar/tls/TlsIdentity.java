package io.ashlar.tls;

import static io.ashlar.model.Invariants.require;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * Who this process is and whom it believes.
 *
 * @param key with its certificate first in {@code chain}; none for one that has no certificate yet
 * @param authorities that sign the certificates of others
 */
public record TlsIdentity(
    Optional<PrivateKey> key, List<X509Certificate> chain, List<X509Certificate> authorities) {
  public TlsIdentity {
    chain = List.copyOf(chain);
    authorities = List.copyOf(authorities);
    require(key.isPresent() == !chain.isEmpty(), "a key needs a certificate, and that a key");
    require(!authorities.isEmpty(), "there is no authority to believe");
  }

  /** Believes, and cannot say who it is. */
  public static TlsIdentity stranger(List<X509Certificate> authorities) {
    return new TlsIdentity(Optional.empty(), List.of(), authorities);
  }
}
