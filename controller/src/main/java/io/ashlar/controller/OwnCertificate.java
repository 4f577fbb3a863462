package io.ashlar.controller;

import io.ashlar.controller.tls.CertificateAuthority;
import io.ashlar.tls.Tls;
import io.ashlar.tls.TlsNames;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** This controller's identity, signed by itself, and signed anew long before it ends. */
final class OwnCertificate implements AutoCloseable {
  private static final Duration RENEW = CertificateAuthority.VALID.dividedBy(3);

  private final CertificateAuthority authority;
  private final Tls tls;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("certificate").factory());

  OwnCertificate(CertificateAuthority authority) {
    this.authority = authority;
    this.tls = new Tls(authority.identity(TlsNames.CONTROLLER, Instant.now()));
    var _ =
        timer.scheduleWithFixedDelay(this::renew, RENEW.toHours(), RENEW.toHours(), TimeUnit.HOURS);
  }

  private void renew() {
    tls.replace(authority.identity(TlsNames.CONTROLLER, Instant.now()));
  }

  Tls tls() {
    return tls;
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
