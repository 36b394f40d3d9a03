import { weightedMembers } from "./weighted_list.ts";

/** The content codings we know (RFC 9110 §8.4.1, RFC 7932, RFC 8878); `identity` is none. */
export type ContentCoding = "br" | "zstd" | "gzip" | "identity";

/**
 * The coding in which to send a representation (RFC 9110 §12.5.3): of those available that the
 * client accepts, one that it likes best.
 *
 * - Without the field any coding would do; yet who does not speak of codings may know none, so it
 *   is sent as it is.
 * - Without coding it is acceptable unless ruled out, but liked less than whatever is named. Even
 *   ruled out it is sent rather than a 406, if nothing else is acceptable (§12.4.1).
 * - Of several lines for one coding the first counts. `x-gzip` is `gzip` (§8.4.1.3).
 *
 * @param acceptEncoding the value of Accept-Encoding, its lines joined
 * @param available in our order of preference, which decides between those that the client likes
 *     equally; `identity` is always there, and last if it is not named
 */
export function chooseContentCoding(
  acceptEncoding: string | undefined,
  available: readonly ContentCoding[],
): ContentCoding {
  if (acceptEncoding === undefined) return "identity";
  const qvalues = new Map<string, number>();
  for (const { value, qvalue } of weightedMembers(acceptEncoding)) {
    const coding = value === "x-gzip" ? "gzip" : value;
    if (!qvalues.has(coding)) qvalues.set(coding, qvalue);
  }
  let chosen: ContentCoding = "identity";
  let highest = 0;
  for (const coding of [...available, "identity"] as const) {
    const qvalue = qvalues.get(coding) ?? qvalues.get("*") ?? 0;
    if (qvalue <= highest) continue;
    chosen = coding;
    highest = qvalue;
  }
  return chosen;
}
