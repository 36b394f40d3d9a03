import type { Fields } from "../http/fields.ts";
import { trimOws } from "../http/grammar.ts";

/**
 * RFC 6266 §4.1: one parameter: a token, or a quoted-string in which a backslash quotes. What is not
 * quoted is taken up to the semicolon: many servers send names with blanks so.
 */
const PARAMETER =
  /;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;"]+))/g;

/** RFC 8187 §3.2.1: charset, a language, and octets in percent-encoding. */
const EXTENDED = /^utf-8'[^']*'((?:%[0-9a-f]{2}|[!#$&+.^_`|~0-9a-z-])+)$/i;

/**
 * The name that a server proposes for the content: `filename*`, else `filename` (RFC 6266 §4.3), and
 * of a path its last segment. It is not yet safe to be used. The type before it may be missing.
 */
export function proposedName(fields: Fields): string | undefined {
  const [value, ...more] = fields.values("content-disposition");
  if (value === undefined || more.length > 0) return undefined;
  const parameters = new Map<string, string>();
  for (const [, name, quoted, token] of `;${value}`.matchAll(PARAMETER)) {
    parameters.set(name!.toLowerCase(), trimOws(token ?? unquoted(quoted!)));
  }
  const [, encoded] = EXTENDED.exec(parameters.get("filename*") ?? "") ?? [];
  const name = (encoded && decoded(encoded)) ?? utf8(parameters.get("filename"));
  const last = name?.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
  return last === "" || last === "." || last === ".." ? undefined : last;
}

/** Only what has to be quoted: other backslashes are of a path, as some servers send it. */
function unquoted(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

function decoded(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** Octets that are UTF-8 are meant so, whatever RFC 9110 §5.5 says; others stand for themselves. */
function utf8(octets: string | undefined): string | undefined {
  if (octets === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(octets, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return octets;
  }
}
