/**
 * What both CSI sides share: the Unix socket's life cycle, the identity service, and an interceptor
 * that times calls and turns every failure into a status with a text. Handlers run on virtual
 * threads and may block; event loops never do. Depends on gRPC and Netty only.
 */
package io.ashlar.csi.server;
