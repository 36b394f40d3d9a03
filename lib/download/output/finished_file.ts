import { equalLength } from "../../http/body.ts";
import type { Fields } from "../../http/fields.ts";
import { parseHttpDate } from "../../http/http_date.ts";
import type { HashName } from "../expected_content.ts";
import { fileErrors } from "./file_error.ts";

/** A file that stands under its name, whole as far as we know, but perhaps of something else. */
export interface FinishedFile {
  /** In bytes. */
  readonly size: number;
  /** In seconds since 1970. */
  readonly modifiedAt: number;
  /** Its digest, in hexadecimal digits. */
  readonly digest: (algorithm: HashName) => Promise<string>;
}

/** What a listing of its directory says of a file, as far as it does so exactly. */
export interface Listed {
  /** In bytes. */
  readonly size: number | undefined;
  /** In seconds since 1970. */
  readonly modifiedAt: number | undefined;
}

/** The file of that name; undefined when there is none. */
export async function existingFile(name: string): Promise<FinishedFile | undefined> {
  const found = name === "-" ? undefined : await Deno.stat(name).catch(() => undefined);
  if (!found?.isFile) return undefined;
  const digest = async (algorithm: HashName) => {
    const { digestOfBytes } = await import("../verification.ts");
    return await fileErrors(
      name,
      async () => await digestOfBytes(algorithm, (await Deno.open(name)).readable),
    );
  };
  return { size: found.size, modifiedAt: (found.mtime?.getTime() ?? 0) / 1000, digest };
}

/**
 * Whether the head of a 200 shows that the content is that of a file: by Repr-Digest, or else by
 * its length and time. A download gives its file the time of the content, which nothing else is
 * likely to have to the second.
 */
export async function isSameFile(
  file: FinishedFile,
  fields: Fields,
  epochSeconds: number,
): Promise<boolean> {
  if (lengthOf(fields) !== file.size) return false;
  const { digestOf } = await import("../../http/digest_fields.ts");
  const digest = digestOf(fields, "repr-digest");
  if (digest !== undefined) return await file.digest(digest.algorithm) === digest.hex;
  return modifiedAt(fields, epochSeconds) === Math.floor(file.modifiedAt);
}

/**
 * What a listing shows of a file that is here: whether it is the same, by size and time; undefined
 * where only an answer of the server's can tell.
 */
export function isListedFile(
  file: Pick<FinishedFile, "size" | "modifiedAt">,
  { size, modifiedAt }: Listed,
): boolean | undefined {
  if (size === undefined) return undefined;
  if (size !== file.size) return false;
  return modifiedAt === Math.floor(file.modifiedAt) ? true : undefined;
}

/** The length that is said; undefined when none is. */
function lengthOf(fields: Fields): number | undefined {
  try {
    return equalLength(fields);
  } catch {
    return undefined;
  }
}

/**
 * When the content was last changed (RFC 9110 §8.8.2), in seconds since 1970; undefined when that is
 * not given, or later than the Date of its answer.
 */
export function modifiedAt(fields: Fields, epochSeconds: number): number | undefined {
  const date = parseHttpDate(fields.get("last-modified") ?? "", epochSeconds);
  return date !== undefined && date <= answerDate(fields, epochSeconds) ? date : undefined;
}

/**
 * When an answer was made, by the clock that made the other times in it: its Date (RFC 9110 §6.6.1),
 * whatever our own clock says; our own where it has none that can be read.
 */
export function answerDate(fields: Fields, epochSeconds: number): number {
  return parseHttpDate(fields.get("date") ?? "", epochSeconds) ?? epochSeconds;
}
