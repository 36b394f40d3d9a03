import { type WeightedMember, weightedMembers } from "./weighted_list.ts";

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
