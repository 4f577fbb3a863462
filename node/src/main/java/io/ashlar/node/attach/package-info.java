/** Coordinators of this node and what hangs on them: attachments, their devices, and repairs. */
package io.ashlar.node.attach;
