/** Health and metrics over HTTP, for any daemon; as deaf to bad clients as its other sockets. */
package io.ashlar.http;
