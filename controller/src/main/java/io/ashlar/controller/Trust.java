package io.ashlar.controller;

import io.ashlar.controller.nodes.NodeTokens;
import io.ashlar.controller.tls.CertificateAuthority;

/** By what daemons know each other. */
record Trust(CertificateAuthority authority, NodeTokens tokens) {}
