import type { Reply, Request } from "../../lib/net/handler.ts";
import type { RequestHead } from "../../lib/http/request.ts";
import { assertEquals } from "@std/assert";
import { EntityTags } from "../../lib/files/entity_tags.ts";
import { Root } from "../../lib/files/root.ts";
import { FileServer, type FileServerOptions } from "../../lib/files/file_server.ts";
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
  assertEquals(content.length ?? text.length, text.length);
  return text;
}

/** The value of a field of a reply. */
export function fieldOf({ headerSection }: Reply, fieldName: string): string | undefined {
  return fieldsOf(headerSection).get(fieldName.toLowerCase());
}

/** A GET as a handler sees it. */
export function requestFor(target: string, fields = "", method = "GET"): Request {
  const head = { method, requestTarget: target, httpVersion: "1.1", fields: fieldsOf(fields) };
  return { head: head as RequestHead, target, client: "192.0.2.1" };
}

/** The files below a root, as they are served by default at time 0 of a clock that stands still. */
export function fileServer(root: string, options: Partial<FileServerOptions> = {}): FileServer {
  return new FileServer(new Root(root), {
    cacheControl: undefined,
    tags: new EntityTags(),
    isListing: false,
    monotonicMs: () => 0,
    epochMs: Date.now,
    ...options,
  });
}

/**
 * What is replied to the first request for a file below a root.
 *
 * @param fields field lines, each with its CRLF
 */
export async function replyTo(
  root: string,
  target: string,
  fields = "",
  options: Partial<FileServerOptions> = {},
): Promise<Reply> {
  return await fileServer(root, options).reply(requestFor(target, fields));
}

/** The status codes of targets below a root; whatever is opened for them is closed. */
export async function statusCodes(root: string, targets: readonly string[]): Promise<number[]> {
  const replies = await Promise.all(targets.map((target) => replyTo(root, target)));
  await Promise.all(replies.map(contentOf));
  return replies.map(({ statusCode }) => statusCode);
}
