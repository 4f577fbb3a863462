/** Tools for operators that need no running daemon. */
package io.ashlar.node.cli;
