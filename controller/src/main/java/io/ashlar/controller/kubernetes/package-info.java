/**
 * What the controller asks the Kubernetes API besides its records: clients, labels of claims. Calls
 * block for the network.
 */
package io.ashlar.controller.kubernetes;
