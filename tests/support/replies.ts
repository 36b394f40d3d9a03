import { assertEquals } from "@std/assert";
import { staticFile } from "../../lib/files/static_file.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { Reply } from "../../lib/http/reply.ts";
import { textOf } from "./feed.ts";

/** The content of a reply as text; its source is closed. */
export async function contentOf({ content }: Reply): Promise<string> {
  if (typeof content === "string") return content;
  if (content instanceof Uint8Array) return textOf(content);
  const pieces: string[] = [];
  const buffer = new Uint8Array(65_536);
  for (let count; (count = await content.read(buffer)) !== null;) {
    pieces.push(textOf(buffer.subarray(0, count)));
  }
  content.close();
  const text = pieces.join("");
  assertEquals(content.length, text.length);
  return text;
}

/** The value of a field of a reply. */
export function fieldOf({ fieldLines }: Reply, fieldName: string): string | undefined {
  return new Fields(fieldLines).get(fieldName.toLowerCase());
}

/** The status codes of targets below a root; whatever is opened for them is closed. */
export async function statusCodes(root: string, targets: readonly string[]): Promise<number[]> {
  const replies = await Promise.all(targets.map((target) => staticFile(root, target)));
  await Promise.all(replies.map(contentOf));
  return replies.map(({ statusCode }) => statusCode);
}
