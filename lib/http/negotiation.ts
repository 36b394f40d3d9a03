/**
 * What a client would rather have: Accept and Accept-Encoding (RFC 9110 §12).
 *
 * @module
 */

import { QUOTED_STRING_SOURCE, TOKEN_SOURCE } from "./grammar.ts";

/** One member of a list by which a client says what it would rather have. */
export interface WeightedMember {
  /** The coding or media range, in lower case, without its parameters. */
  readonly value: string;
  /** Its quality value, 0 to 1; 0 says "not this" (RFC 9110 §12.4.2). */
  readonly qvalue: number;
}

const PARAMETER = `${TOKEN_SOURCE}=(?:${TOKEN_SOURCE}|${QUOTED_STRING_SOURCE})`;

/**
 * RFC 9110 §12.5.1, §12.5.3, §5.6.6: a coding or a media range, and its parameters, up to the comma
 * or the end of the list. White space leads to one thing only, or it could be divided in many ways.
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
 * The members of Accept or Accept-Encoding, in their order. Empty and malformed ones are passed
 * over, up to the next comma: what cannot be read is not asked for.
 *
 * A parameter `q` is the weight wherever it stands (RFC 9110 §12.5.1); the first, if there are more.
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

/** 1 where none is given; undefined for one that is malformed. */
function qvalueOf(parameters: string): number | undefined {
  for (const [, name = "", value = ""] of parameters.matchAll(PARAMETERS)) {
    if (name.toLowerCase() !== "q") continue;
    return QVALUE.test(value) ? Number(value) : undefined;
  }
  return 1;
}

/** The content codings we know (RFC 9110 §8.4.1, RFC 7932, RFC 8878); `identity` is none. */
export type ContentCoding = "br" | "zstd" | "gzip" | "identity";

/**
 * The coding in which to send a representation (RFC 9110 §12.5.3): of those available that the
 * client accepts, one that it likes best.
 *
 * - Without the field any coding would do; but a client that sends no such field may know none, so it
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

/**
 * The media type in which to answer (RFC 9110 §12.5.1): of those available, one that the client
 * likes best. For each the most specific media range that fits gives the weight. Among equals, the
 * one that is named more specifically wins, so that JSON goes to a client that names it and then
 * says that anything would do; after that the one that we would rather send.
 *
 * Parameters other than `q` are not looked at. Where nothing is acceptable, the first is sent rather
 * than a 406 (§12.4.1).
 *
 * @param accept the value of Accept, its lines joined; undefined says that all are liked equally
 * @param available such as `text/html`, in lower case, in our order of preference; at least one
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
  /** 3 for the type itself, 2 for all of its subtypes, 1 for all types, 0 for nothing. */
  readonly specificity: number;
}

function fitOf(mediaType: string, ranges: readonly WeightedMember[]): Fit {
  const allSubtypes = `${mediaType.slice(0, mediaType.indexOf("/"))}/*`;
  for (const [index, range] of [mediaType, allSubtypes, "*/*"].entries()) {
    const qvalues = ranges.filter(({ value }) => value === range).map(({ qvalue }) => qvalue);
    // Several that differ in their parameters: any of them may be sent.
    if (qvalues.length > 0) return { qvalue: Math.max(...qvalues), specificity: 3 - index };
  }
  return { qvalue: 0, specificity: 0 };
}

function isBetter(one: Fit, other: Fit): boolean {
  if (one.qvalue !== other.qvalue) return one.qvalue > other.qvalue;
  return one.qvalue > 0 && one.specificity > other.specificity;
}
