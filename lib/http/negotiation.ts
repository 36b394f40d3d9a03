/**
 * Content negotiation by Accept and Accept-Encoding (RFC 9110 §12).
 *
 * @module
 */

import { QUOTED_STRING_SOURCE, TOKEN_SOURCE } from "./grammar.ts";

/** A member of Accept or Accept-Encoding. */
export interface WeightedMember {
  /** Coding or media range in lower case, without parameters. */
  readonly value: string;
  /** 0 to 1; 0 means "not acceptable" (RFC 9110 §12.4.2). */
  readonly qvalue: number;
}

const PARAMETER = `${TOKEN_SOURCE}=(?:${TOKEN_SOURCE}|${QUOTED_STRING_SOURCE})`;

/**
 * RFC 9110 §12.5.1, §12.5.3, §5.6.6: a coding or media range and its parameters, up to a comma or the
 * end. White space can match in one place only; otherwise matching could take exponential time.
 */
const MEMBER = new RegExp(
  `[ \\t]*(${TOKEN_SOURCE}(?:/${TOKEN_SOURCE})?)((?:[ \\t]*;(?:[ \\t]*${PARAMETER})?)*)[ \\t]*(?:,|$)`,
  "y",
);

const PARAMETERS = new RegExp(
  `;[ \\t]*(${TOKEN_SOURCE})=(${TOKEN_SOURCE}|${QUOTED_STRING_SOURCE})`,
  "g",
);

/** RFC 9110 §12.4.2: `qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`. */
const QVALUE = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The members of Accept or Accept-Encoding, in order. Empty and malformed ones are skipped, up to the
 * next comma. The weight is the first parameter `q`, wherever it stands (RFC 9110 §12.5.1).
 */
export function weightedMembers(fieldValue: string): WeightedMember[] {
  const members: WeightedMember[] = [];
  for (let start = 0; start < fieldValue.length;) {
    MEMBER.lastIndex = start;
    const match = MEMBER.exec(fieldValue);
    if (match === null) {
      const comma = fieldValue.indexOf(",", start);
      start = comma === -1 ? fieldValue.length : comma + 1;
      continue;
    }
    start = MEMBER.lastIndex;
    const [, value = "", parameters = ""] = match;
    const qvalue = qvalueOf(parameters);
    if (qvalue !== undefined) members.push({ value: value.toLowerCase(), qvalue });
  }
  return members;
}

/** 1 by default; undefined if it is malformed. */
function qvalueOf(parameters: string): number | undefined {
  for (const [, name = "", value = ""] of parameters.matchAll(PARAMETERS)) {
    if (name.toLowerCase() !== "q") continue;
    return QVALUE.test(value) ? Number(value) : undefined;
  }
  return 1;
}

/** Content codings (RFC 9110 §8.4.1, RFC 7932, RFC 8878); `identity` is none. */
export type ContentCoding = "br" | "zstd" | "gzip" | "identity";

/**
 * The coding in which to send a representation (RFC 9110 §12.5.3): the available one with the highest
 * weight.
 *
 * - Without the field it is `identity`, since the client may know no coding.
 * - `identity` is acceptable unless excluded, but comes after whatever is named. It is sent even if
 *   excluded, rather than a 406, if nothing else is acceptable (§12.4.1).
 * - Of several members for one coding the first counts. `x-gzip` is `gzip` (§8.4.1.3).
 *
 * @param acceptEncoding the value of Accept-Encoding, its lines joined
 * @param available in our order of preference, which decides between equal weights; `identity` is
 *     implied at the end
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

/**
 * The media type in which to answer (RFC 9110 §12.5.1): the available one with the highest weight,
 * which is that of the most specific media range that matches. Of equal weights the more specific range
 * wins, so that a client that accepts JSON and anything else gets JSON; then our preference.
 *
 * Parameters other than `q` are ignored. If nothing is acceptable, the first is sent rather than a 406
 * (§12.4.1).
 *
 * @param accept the value of Accept, its lines joined
 * @param available in lower case, in our order of preference
 */
export function chooseMediaType<MediaType extends string>(
  accept: string | undefined,
  available: readonly [MediaType, ...MediaType[]],
): MediaType {
  const ranges = accept === undefined ? [] : weightedMembers(accept);
  let [chosen] = available;
  let highest: Fit = { qvalue: 0, specificity: 0 };
  for (const mediaType of available) {
    const fit = fitOf(mediaType, ranges);
    if (!isBetter(fit, highest)) continue;
    chosen = mediaType;
    highest = fit;
  }
  return chosen;
}

interface Fit {
  readonly qvalue: number;
  /** 3 for `type/subtype`, 2 for `type/*`, 1 for all types, 0 for no match. */
  readonly specificity: number;
}

function fitOf(mediaType: string, ranges: readonly WeightedMember[]): Fit {
  const allSubtypes = `${mediaType.slice(0, mediaType.indexOf("/"))}/*`;
  for (const [index, range] of [mediaType, allSubtypes, "*/*"].entries()) {
    const qvalues = ranges.filter(({ value }) => value === range).map(({ qvalue }) => qvalue);
    // Several that differ in their parameters: any of them matches.
    if (qvalues.length > 0) return { qvalue: Math.max(...qvalues), specificity: 3 - index };
  }
  return { qvalue: 0, specificity: 0 };
}

function isBetter(one: Fit, other: Fit): boolean {
  if (one.qvalue !== other.qvalue) return one.qvalue > other.qvalue;
  return one.qvalue > 0 && one.specificity > other.specificity;
}
