import type { Content } from "./content.ts";
import type { Request } from "./wire.ts";

/** What a request selects of some content, and the head that says so. */
export interface Selection {
  readonly status: string;
  readonly fields: Readonly<Record<string, string | number | undefined>>;
  /** Position of the first octet. */
  readonly from: number;
  /** Position behind the last octet. */
  readonly to: number;
}

/** What a server may do besides the usual. */
export interface SelectionOptions {
  /** Whether it knows ranges; by default it does. */
  readonly hasRanges?: boolean;
  /** Whether it sends a range even to a client that has other content; by default it does not. */
  readonly ignoresIfRange?: boolean;
}

/** What an upright server answers to a GET or HEAD (RFC 9110 §13.1.5, §14.2), one range at most. */
export function select(
  { fields }: Request,
  { octets: { length }, entityTag, reprDigest }: Content,
  { hasRanges = true, ignoresIfRange = false }: SelectionOptions = {},
): Selection {
  const common = { "ETag": entityTag, "Repr-Digest": reprDigest };
  const whole = {
    status: "200 OK",
    fields: { ...common, "Accept-Ranges": hasRanges ? "bytes" : "none", "Content-Length": length },
    from: 0,
    to: length,
  };
  const condition = fields.get("if-range");
  const isStrong = entityTag?.startsWith('"');
  const isWanted = condition === undefined || (isStrong && condition === entityTag) ||
    ignoresIfRange;
  const range = rangeOf(fields.get("range"), length);
  if (!hasRanges || !isWanted || range === undefined) return whole;
  const [from, to] = range;
  if (from >= to) {
    const contentRange = `bytes */${length}`;
    const unsatisfied = { ...common, "Content-Range": contentRange, "Content-Length": 0 };
    return { status: "416 Range Not Satisfiable", fields: unsatisfied, from: 0, to: 0 };
  }
  const contentRange = `bytes ${from}-${to - 1}/${length}`;
  const partial = { ...common, "Content-Range": contentRange, "Content-Length": to - from };
  return { status: "206 Partial Content", fields: partial, from, to };
}

/** The positions of the first octet and behind the last; of an empty range, both are the same. */
function rangeOf(range: string | undefined, length: number): [number, number] | undefined {
  const [, first, last] = /^bytes=([0-9]*)-([0-9]*)$/.exec(range ?? "") ?? [];
  if (first === undefined || first + last! === "") return undefined;
  if (first === "") return [Math.max(0, length - Number(last)), length];
  if (last !== "" && Number(last) < Number(first)) return undefined;
  const to = last === "" ? length : Math.min(length, Number(last) + 1);
  return [Math.min(Number(first), to), to];
}
