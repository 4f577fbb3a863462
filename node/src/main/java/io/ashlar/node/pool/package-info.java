/** The node's data disks as one pool: opening them, and changing them in use. */
package io.ashlar.node.pool;
