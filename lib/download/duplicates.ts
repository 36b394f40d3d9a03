import type { Fields } from "../http/fields.ts";
import { DownloadError } from "./download_error.ts";
import { parseLocation, type TargetUri } from "./target_uri.ts";

/** RFC 8288 §3: `<URI-Reference>`, and parameters whose values are tokens or quoted-strings. */
const LINK =
  /<([^<>]*)>((?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*=[ \t]*(?:"(?:[^"\\]|\\.)*"|[^;,"\s]+))?)*)/g;

const REL = /;[ \t]*rel[ \t]*=[ \t]*(?:"([^"]*)"|([^;,"\s]+))/i;
const PRIORITY = /;[ \t]*pri[ \t]*=[ \t]*"?([0-9]{1,6})"?/i;

/** RFC 6249 §3.1: whoever names none is the last choice. */
const LAST_PRIORITY = 999_999;

/** More are not looked at. */
const MOST_DUPLICATES = 100;

/**
 * Where else the same content is said to be: the links of `rel=duplicate` (RFC 6249 §3), the best
 * first. Those that this client cannot ask for are passed over.
 *
 * @param base the URI that was asked for
 */
export function duplicatesOf(fields: Fields, base: TargetUri): TargetUri[] {
  const found: { readonly uri: TargetUri; readonly priority: number }[] = [];
  for (const [, reference, parameters] of (fields.get("link") ?? "").matchAll(LINK)) {
    const [, quoted, token] = REL.exec(parameters!) ?? [];
    const relations = (quoted ?? token ?? "").toLowerCase().split(/\s+/);
    const uri = relations.includes("duplicate") ? uriOf(reference!, base) : undefined;
    if (uri === undefined) continue;
    found.push({ uri, priority: Number(PRIORITY.exec(parameters!)?.[1] ?? LAST_PRIORITY) });
    if (found.length === MOST_DUPLICATES) break;
  }
  return found.sort((a, b) => a.priority - b.priority).map(({ uri }) => uri);
}

function uriOf(reference: string, base: TargetUri): TargetUri | undefined {
  try {
    return parseLocation(reference, base);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    return undefined;
  }
}
