/**
 * The store inside the one controller: a SQLite file, written synchronously by one platform thread.
 */
package io.ashlar.controller.store.embedded;
