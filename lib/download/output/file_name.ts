import type { Fields } from "../../http/fields.ts";
import { encodeLatin1, QUOTED_STRING_SOURCE, TOKEN_SOURCE, trimOws } from "../../http/grammar.ts";
import type { TargetUri } from "../requests/target_uri.ts";

/** What a URI without a last segment is saved as. */
const NO_NAME = "index.html";

/** In bytes: what file systems allow. */
export const LONGEST_NAME = 255;

/** Names that mean devices on Windows, whatever their extension, and standard output: `-`. */
const DEVICE_NAME = /^(?:-$|(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$))/i;

/**
 * The name under which a URI's content is saved: its last segment, decoded, and made safe. It
 * always names a file in the current directory: separators and control characters become `_`, and
 * a name that is too long is shortened before its extension.
 */
export function fileName({ requestTarget }: TargetUri): string {
  const [path = ""] = requestTarget.split("?", 1);
  const segment = path.slice(path.lastIndexOf("/") + 1);
  return safeName(percentDecoded(segment) ?? segment);
}

/**
 * A name that is safe for a file in the current directory, wherever it comes from: separators and
 * control characters become `_`, and it is shortened where it is too long.
 */
export function safeName(text: string): string {
  // deno-lint-ignore no-control-regex -- it is them that must not come through
  const name = text.replace(/[/\\\x00-\x1f\x7f-\x9f]/g, "_");
  if (name === "" || name === "." || name === "..") return NO_NAME;
  return shortened(DEVICE_NAME.test(name) ? `_${name}` : name);
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function shortened(name: string): string {
  const [, stem = name, extension = ""] = /^(.+?)((?:\.[A-Za-z0-9]{1,10}){0,2})$/s.exec(name) ?? [];
  return cutToBytes(stem, LONGEST_NAME - extension.length) + extension;
}

/** The start of a text that takes no more bytes in UTF-8, in whole characters. */
export function cutToBytes(text: string, most: number): string {
  const characters = [...text];
  while (new TextEncoder().encode(characters.join("")).length > most) characters.pop();
  return characters.join("");
}

/** A path up to its last separator, that included, and the name behind it. */
export function splitPath(path: string): readonly [directory: string, name: string] {
  const start = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  return [path.slice(0, start), path.slice(start)];
}

/**
 * RFC 6266 §4.1: one parameter: a token, or a quoted-string in which a backslash quotes. What is not
 * quoted is taken up to the semicolon: many servers send names with blanks so.
 */
const PARAMETER = new RegExp(
  `;[ \\t]*(${TOKEN_SOURCE})[ \\t]*=[ \\t]*(?:(${QUOTED_STRING_SOURCE})|([^;"]+))`,
  "g",
);

/** RFC 8187 §3.2.1: charset, a language, and bytes in percent-encoding. */
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
  const name = (encoded && percentDecoded(encoded)) ?? utf8(parameters.get("filename"));
  const [, last = ""] = splitPath(name ?? "");
  return last === "" || last === "." || last === ".." ? undefined : last;
}

/** Only what has to be quoted: other backslashes are of a path, as some servers send it. */
function unquoted(quotedString: string): string {
  return quotedString.slice(1, -1).replace(/\\(["\\])/g, "$1");
}

/** Bytes that are UTF-8 are meant so, whatever RFC 9110 §5.5 says; others stand for themselves. */
function utf8(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(encodeLatin1(text));
  } catch {
    return text;
  }
}

/**
 * The files that one run writes. A name belongs to the download that claims it first, until the run
 * ends: no file that was saved is replaced by another download of the same run.
 */
export class NameClaims {
  readonly #keys = new Set<string>();

  /**
   * Claims a path.
   *
   * @returns false when it is claimed already, under whatever spelling
   */
  claim(path: string): boolean {
    const key = keyOf(path);
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    return true;
  }

  /** Gives up a path that was claimed and not written. */
  release(path: string): void {
    this.#keys.delete(keyOf(path));
  }
}

/** The absolute path of the file that a path means, through symbolic links. */
function keyOf(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    // It is not there: its directory is.
  }
  const [directory, name] = splitPath(path);
  try {
    return `${Deno.realPathSync(directory || ".")}/${name}`;
  } catch {
    return path;
  }
}
