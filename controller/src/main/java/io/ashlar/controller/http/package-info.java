/** Health and metrics over HTTP. */
package io.ashlar.controller.http;
