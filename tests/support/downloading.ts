import { assert, assertEquals, assertRejects } from "@std/assert";
import { download } from "../../lib/download/download.ts";
import { DownloadError, type DownloadFailure } from "../../lib/download/download_error.ts";
import { openOutput, type Output } from "../../lib/download/output.ts";
import { parseTypedUri } from "../../lib/download/target_uri.ts";
import { textOf } from "./feed.ts";
import { RawServer } from "./raw_peer.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** A whole response. */
export function answer(status: string, fields: string, content = "no such content"): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${content.length}\r\n${fields}\r\n${content}`;
}

/** A redirect. */
export function redirect(location: string, status = "301 Moved Permanently"): string {
  return answer(status, `Location: ${location}\r\n`);
}

/** The content `hello`. */
export const HELLO = answer("200 OK", "", "hello");

/** A server that answers by the target, and remembers the heads of the requests. */
export class Site extends RawServer {
  readonly requests: string[];

  constructor(pages: Readonly<Record<string, string>>) {
    const requests: string[] = [];
    super(async (peer) => {
      const head = await peer.receiveUntil("\r\n\r\n");
      requests.push(head);
      await peer.sendLast(pages[head.split(" ")[1]!] ?? answer("404 Not Found", ""));
      await peer.receiveUntilLost();
    });
    this.requests = requests;
  }
}

/** What a download told on its way. */
export interface Told {
  readonly responses: string[];
  readonly progress: [number, number | undefined][];
}

/** Downloads as the client does, and tells what it was told. */
export async function fetchInto(
  output: Output,
  url: string,
  { maxRedirects = 10, timeoutMs = 30_000 } = {},
  told: Told = { responses: [], progress: [] },
): Promise<Told & { bytes: number }> {
  try {
    const bytes = await download(parseTypedUri(url), output, {
      maxRedirects,
      timeoutMs,
      onResponse: ({ statusCode }, to) =>
        told.responses.push([statusCode, to?.href].join(" ").trim()),
      onProgress: (received, length) => told.progress.push([received, length]),
    });
    return { ...told, bytes };
  } catch (error) {
    await output.abandon();
    throw error;
  }
}

/** Asserts that a download fails so, and leaves what was there and nothing else. */
export async function failing(
  failure: DownloadFailure,
  url: string,
  options = {},
): Promise<Told & { message: string }> {
  await using directory = await TemporaryDirectory.with({ a: "before" });
  const output = await openOutput(directory.join("a"));
  const told: Told = { responses: [], progress: [] };
  const error = await assertRejects(() => fetchInto(output, url, options, told), DownloadError);
  assertEquals(error.failure, failure, error.message);
  assert(!error.message.includes("\n"), error.message);
  assertEquals(await directory.names(), ["a"]);
  assertEquals(textOf(await directory.read("a")), "before");
  return { ...told, message: error.message };
}

/** A download that comes to its end, and what it left. */
export async function downloaded(url: string, options = {}): Promise<Told & { content: string }> {
  await using directory = await TemporaryDirectory.with();
  const told = await fetchInto(await openOutput(directory.join("a")), url, options);
  assertEquals(await directory.names(), ["a"]);
  const content = textOf(await directory.read("a"));
  assertEquals(told.bytes, content.length);
  return { ...told, content };
}
