package io.ashlar.controller.store.kubernetes;

import java.util.Map;

/** What a resource's status tells people about a record: printer columns and conditions. Pure. */
@FunctionalInterface
interface StatusText {
  Map<String, Object> of(String value);
}
