package io.ashlar.node;

import static io.ashlar.model.Invariants.require;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 4096}, {@code 64M}, {@code 2Gi}; powers of 1024. */
public final class ByteSizes {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})([KMGT]?)i?");

  private ByteSizes() {}

  public static long parse(String text) {
    Matcher matcher = SIZE.matcher(text);
    require(matcher.matches(), "'%s' is no size: want digits and perhaps K, M, G or T", text);
    int power = matcher.group(2).isEmpty() ? 0 : 1 + "KMGT".indexOf(matcher.group(2));
    long value = Long.parseLong(matcher.group(1));
    require(value <= Long.MAX_VALUE >>> (10 * power), "'%s' is too large", text);
    return value << (10 * power);
  }
}
