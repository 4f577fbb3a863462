package io.ashlar.controller.tls;

import io.ashlar.tls.Pem;
import io.ashlar.tls.TlsIdentity;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Signs certificates of daemons: EC keys on P-256, one DNS name each (RFC 5280). Thread-safe.
 *
 * @param certificate self-signed
 */
public record CertificateAuthority(X509Certificate certificate, PrivateKey key) {
  /** Nodes ask for a new one when a third of this is left. */
  public static final Duration VALID = Duration.ofDays(90);

  private static final Duration AUTHORITY_VALID = Duration.ofDays(3650);

  /** For clocks that are behind ours. */
  private static final Duration SKEW = Duration.ofMinutes(10);

  private static final String ALGORITHM = "SHA256withECDSA";
  private static final SecureRandom RANDOM = new SecureRandom();

  /** A new one, of a new cluster. */
  public static CertificateAuthority create(Instant now) {
    KeyPair keys = newKeys();
    X500Name name = new X500Name("CN=Ashlar cluster authority");
    X509v3CertificateBuilder builder = builder(name, name, keys.getPublic(), now, AUTHORITY_VALID);
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
    } catch (IOException broken) {
      throw new IllegalStateException("an extension cannot be written", broken);
    }
    return new CertificateAuthority(signed(builder, keys.getPrivate()), keys.getPrivate());
  }

  /**
   * @throws GeneralSecurityException if one of them is not what it should be
   */
  public static CertificateAuthority of(String certificatePem, String keyPem)
      throws GeneralSecurityException {
    return new CertificateAuthority(Pem.certificates(certificatePem).getFirst(), Pem.key(keyPem));
  }

  public static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException broken) {
      throw new IllegalStateException("every JDK has P-256", broken);
    }
  }

  /** A certificate for whoever has the other half of this key, under this name. */
  public X509Certificate issue(PublicKey key, String dnsName, Instant now) {
    X500Name issuer = new X500Name(certificate.getSubjectX500Principal().getName());
    X509v3CertificateBuilder builder =
        builder(issuer, new X500Name("CN=Ashlar daemon"), key, now, VALID);
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
      builder.addExtension(
          Extension.subjectAlternativeName,
          true,
          new GeneralNames(new GeneralName(GeneralName.dNSName, dnsName)));
    } catch (IOException broken) {
      throw new IllegalStateException("an extension cannot be written", broken);
    }
    return signed(builder, this.key);
  }

  /** An identity with a key of its own. */
  public TlsIdentity identity(String dnsName, Instant now) {
    KeyPair keys = newKeys();
    return new TlsIdentity(
        Optional.of(keys.getPrivate()),
        List.of(issue(keys.getPublic(), dnsName, now)),
        List.of(certificate));
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer, X500Name subject, PublicKey key, Instant now, Duration valid) {
    return new JcaX509v3CertificateBuilder(
        issuer,
        new BigInteger(127, RANDOM).add(BigInteger.ONE),
        Date.from(now.minus(SKEW)),
        Date.from(now.plus(valid)),
        subject,
        key);
  }

  private static X509Certificate signed(X509v3CertificateBuilder builder, PrivateKey signer) {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder(ALGORITHM).build(signer)));
    } catch (OperatorCreationException | GeneralSecurityException broken) {
      throw new IllegalStateException("a certificate cannot be signed", broken);
    }
  }
}
