import type { Reply } from "../../lib/net/handler.ts";
import { assertEquals } from "@std/assert";
import { contentOf, fieldOf } from "./replies.ts";

/** A response, from whatever source. */
export interface Ranged {
  readonly statusCode: number;
  /** The value of a field by its name in lower case. */
  readonly field: (name: string) => string | undefined;
  /** One character an octet; undefined where there is too much of it to be looked at. */
  readonly content: string | undefined;
}

/**
 * What a response sends of a file of that length, in the words of the table of ranges; asserts that
 * its octets are those of the file.
 *
 * @param octetAt the octet of the file at a position
 */
export function rangesIn(
  { statusCode, field, content }: Ranged,
  length: number,
  octetAt: (position: number) => number,
): string {
  if (statusCode === 416) {
    assertEquals(field("content-range"), `bytes */${length}`);
    return "unsatisfiable";
  }
  if (statusCode === 200) {
    assertEquals(field("content-range"), undefined);
    return "whole";
  }
  assertEquals(statusCode, 206);
  const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(field("content-type") ?? "")?.[1];
  const parts = boundary === undefined
    ? [[field("content-range"), content] as const]
    : partsOf(content ?? "", boundary);
  if (boundary !== undefined) assertEquals(field("content-range"), undefined);
  return parts.map(([contentRange, octets]) => rangeOf(contentRange, octets)).join(" ");

  function rangeOf(contentRange: string | undefined, octets: string | undefined): string {
    const [, first, last, whole] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? "") ?? [];
    assertEquals(Number(whole), length);
    let expected = "";
    for (let at = Number(first); octets !== undefined && at <= Number(last); at++) {
      expected += String.fromCharCode(octetAt(at));
    }
    if (octets !== undefined) assertEquals(octets, expected);
    return `${first}-${last}`;
  }
}

/** The parts of a multipart content, read by their delimiters (RFC 2046 §5.1.1). */
function partsOf(content: string, boundary: string): (readonly [string | undefined, string])[] {
  const pieces = `\r\n${content}`.split(`\r\n--${boundary}`);
  assertEquals([pieces[0], pieces.at(-1)], ["", "--\r\n"]);
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf("\r\n\r\n");
    const contentRange = /\r\nContent-Range: ([^\r]*)/.exec(piece.slice(0, end))?.[1];
    return [contentRange, piece.slice(end + 4)];
  });
}

/** The same for a reply. */
export async function rangesOf(
  reply: Reply,
  length: number,
  octetAt: (position: number) => number,
): Promise<string> {
  const { statusCode, content } = reply;
  const isHuge = typeof content === "object" && (content.length ?? 0) > 1e6;
  if (isHuge && "close" in content) content.close();
  return rangesIn(
    {
      statusCode,
      field: (name) => fieldOf(reply, name),
      content: isHuge ? undefined : await contentOf(reply),
    },
    length,
    octetAt,
  );
}
