import { assert, assertEquals, assertRejects } from "@std/assert";
import { type DownloadSettings, SILENCE_LIMITS } from "../../lib/download/context.ts";
import { download, type SaveRules } from "../../lib/download/download.ts";
import { DownloadError, type DownloadFailure } from "../../lib/download/download_error.ts";
import { AttemptLog } from "../../lib/download/attempts.ts";
import type { ContentDigest } from "../../lib/download/expected_content.ts";
import { openOutput } from "../../lib/download/output/open_output.ts";
import type { Output } from "../../lib/download/output/output.ts";
import { Sources } from "../../lib/download/sources.ts";
import { parseTypedUri } from "../../lib/download/requests/target_uri.ts";
import { Connections } from "../../lib/download/requests/connections.ts";
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
  readonly notices: string[];
  /** What it waited before tries, in ms. */
  readonly pauses: number[];
  readonly attempts: AttemptLog;
}

/** Those of client.ts when it is given none; nothing is told. */
export function plainSettings(connections: Connections, timeoutMs: number): DownloadSettings {
  return {
    transport: {
      connections,
      timeoutMs,
      maxRedirects: 10,
      allowDowngrade: false,
      segments: 1,
    },
    retry: {
      retries: 5,
      minSpeed: 0,
      silence: SILENCE_LIMITS,
      random: Math.random,
      monotonicMs: () => performance.now(),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    observer: { onResponse: () => {}, onProgress: () => {}, onNotice: () => {} },
  };
}

/** The content, and nothing of what a server says of it. */
export const PLAIN_SAVING: SaveRules = {
  verification: undefined,
  finished: undefined,
  keepsTime: false,
  nameFor: undefined,
};

/** A SHA-256 as the only digest that a content is known by. */
export function sha256Alone(hex: string): readonly ContentDigest[] {
  return [{ algorithm: "sha-256", hex }];
}

/** What a test has otherwise. */
export type Changes =
  & Partial<Omit<DownloadSettings["transport"], "connections">>
  & Partial<DownloadSettings["retry"]>
  & Partial<DownloadSettings["observer"]>
  & Partial<SaveRules>;

/** Downloads as the client does, without waiting, and tells what it was told. */
export async function fetchInto(
  output: Output,
  url: string,
  changes: Changes = {},
  told: Told = { responses: [], progress: [], notices: [], pauses: [], attempts: new AttemptLog() },
  shared?: Connections,
): Promise<Told & { bytes: number }> {
  const { timeoutMs = 30_000 } = changes;
  const connections = shared ?? new Connections(timeoutMs);
  const { transport, retry } = plainSettings(connections, timeoutMs);
  const wait = (ms: number) => {
    told.pauses.push(ms);
    return Promise.resolve();
  };
  const observer: DownloadSettings["observer"] = {
    onResponse: ({ statusCode }, to) =>
      told.responses.push([statusCode, to?.href].join(" ").trim()),
    onProgress: (received, length) => told.progress.push([received, length]),
    onNotice: (text) => told.notices.push(text),
  };
  const context = {
    sources: new Sources([parseTypedUri(url)]),
    attempts: told.attempts,
    transport: { ...transport, ...changes },
    retry: { ...retry, retries: 0, random: () => 1, wait, ...changes },
    observer: { ...observer, ...changes },
  };
  try {
    const { bytes } = await download(context, output, { ...PLAIN_SAVING, ...changes });
    return { ...told, bytes };
  } catch (error) {
    output.abandon();
    throw error;
  } finally {
    if (shared === undefined) connections.close();
  }
}

/** Opens a file as the output of a URL, from its start. */
export async function openFile(
  directory: TemporaryDirectory,
  url = "http://a/",
  mayContinue = false,
): Promise<Output> {
  return await openOutput(directory.join("a"), { url, mayContinue });
}

/** Asserts that a download fails so, and leaves what was there and nothing else. */
export async function failing(
  failure: DownloadFailure,
  url: string,
  changes: Changes = {},
): Promise<Told & { message: string }> {
  await using directory = await TemporaryDirectory.with({ a: "before" });
  const output = await openFile(directory, url);
  const told: Told = {
    responses: [],
    progress: [],
    notices: [],
    pauses: [],
    attempts: new AttemptLog(),
  };
  const error = await assertRejects(() => fetchInto(output, url, changes, told), DownloadError);
  assertEquals(error.failure, failure, error.message);
  assert(!error.message.includes("\n"), error.message);
  assertEquals(await directory.names(), ["a"]);
  assertEquals(textOf(await directory.read("a")), "before");
  return { ...told, message: error.message };
}

/** A download that comes to its end, and what it left. */
export async function downloaded(
  url: string,
  changes: Changes = {},
  shared?: Connections,
): Promise<Told & { content: string }> {
  await using directory = await TemporaryDirectory.with();
  const told = await fetchInto(await openFile(directory, url), url, changes, undefined, shared);
  assertEquals(await directory.names(), ["a"]);
  const content = textOf(await directory.read("a"));
  assertEquals(told.bytes, content.length);
  return { ...told, content };
}
