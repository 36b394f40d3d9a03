import { assertEquals } from "@std/assert";
import { Root } from "../../lib/files/root.ts";
import { StaticFiles } from "../../lib/files/static_files.ts";
import type { Reply } from "../../lib/http/reply.ts";
import { textOf } from "./feed.ts";
import { fieldsOf } from "./field_lines.ts";

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
export function fieldOf({ headerSection }: Reply, fieldName: string): string | undefined {
  return fieldsOf(headerSection).get(fieldName.toLowerCase());
}

/** What is replied to the first request for a file below a root. */
export async function staticFile(root: string, target: string): Promise<Reply> {
  return await new StaticFiles(new Root(root), () => 0).reply(target);
}

/** The status codes of targets below a root; whatever is opened for them is closed. */
export async function statusCodes(root: string, targets: readonly string[]): Promise<number[]> {
  const replies = await Promise.all(targets.map((target) => staticFile(root, target)));
  await Promise.all(replies.map(contentOf));
  return replies.map(({ statusCode }) => statusCode);
}
