/** The metrics of the controller. */
package io.ashlar.controller.http;
