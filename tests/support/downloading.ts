import { assert, assertEquals, assertRejects } from "@std/assert";
import { Connections } from "../../lib/download/connections.ts";
import { download, type DownloadOptions } from "../../lib/download/download.ts";
import { DownloadError, type DownloadFailure } from "../../lib/download/download_error.ts";
import { AttemptLog } from "../../lib/download/attempt_log.ts";
import { openOutput } from "../../lib/download/open_output.ts";
import type { Output } from "../../lib/download/output.ts";
import { parseTypedUri } from "../../lib/download/target_uri.ts";
import { SILENCE_LIMITS } from "../../lib/download/relief.ts";
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

/** Those of client.ts when it is given none; nobody is told of anything. */
export function plainOptions(connections: Connections, timeoutMs: number): DownloadOptions {
  return {
    connections,
    timeoutMs,
    maxRedirects: 10,
    allowDowngrade: false,
    retries: 5,
    segments: 1,
    minSpeed: 0,
    silence: SILENCE_LIMITS,
    verification: undefined,
    finished: undefined,
    keepsTime: false,
    nameFor: undefined,
    random: Math.random,
    now: () => performance.now(),
    date: () => Date.now() / 1000,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    onResponse: () => {},
    onProgress: () => {},
    onNotice: () => {},
  };
}

/** Downloads as the client does, waits for nobody, and tells what it was told. */
export async function fetchInto(
  output: Output,
  url: string,
  options: Partial<DownloadOptions> = {},
  told: Told = { responses: [], progress: [], notices: [], pauses: [], attempts: new AttemptLog() },
): Promise<Told & { bytes: number }> {
  const { timeoutMs = 30_000 } = options;
  const connections = new Connections(timeoutMs);
  try {
    const { bytes } = await download(parseTypedUri(url), output, told.attempts, {
      ...plainOptions(connections, timeoutMs),
      retries: 0,
      random: () => 1,
      wait: (ms) => {
        told.pauses.push(ms);
        return Promise.resolve();
      },
      onResponse: ({ statusCode }, to) =>
        told.responses.push([statusCode, to?.href].join(" ").trim()),
      onProgress: (received, length) => told.progress.push([received, length]),
      onNotice: (text) => told.notices.push(text),
      ...options,
    });
    return { ...told, bytes };
  } catch (error) {
    output.abandon();
    throw error;
  } finally {
    connections.close();
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
  options: Partial<DownloadOptions> = {},
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
  const error = await assertRejects(() => fetchInto(output, url, options, told), DownloadError);
  assertEquals(error.failure, failure, error.message);
  assert(!error.message.includes("\n"), error.message);
  assertEquals(await directory.names(), ["a"]);
  assertEquals(textOf(await directory.read("a")), "before");
  return { ...told, message: error.message };
}

/** A download that comes to its end, and what it left. */
export async function downloaded(
  url: string,
  options: Partial<DownloadOptions> = {},
): Promise<Told & { content: string }> {
  await using directory = await TemporaryDirectory.with();
  const told = await fetchInto(await openFile(directory, url), url, options);
  assertEquals(await directory.names(), ["a"]);
  const content = textOf(await directory.read("a"));
  assertEquals(told.bytes, content.length);
  return { ...told, content };
}
