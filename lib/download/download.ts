import { reasonPhrase, type ResponseHead } from "../http/message.ts";
import type { Connection } from "../net/connection.ts";
import { dial } from "../net/dial.ts";
import { type ClientResponse, exchange, failureReason } from "../net/exchange.ts";
import { DownloadError } from "./download_error.ts";
import type { Output } from "./output.ts";
import { parseLocation, type TargetUri } from "./target_uri.ts";

/** How a download goes about it, and whom it tells. */
export interface DownloadOptions {
  /** Redirects that are followed; one more is an error. */
  readonly maxRedirects: number;
  /** For connecting, and between two arrivals of octets, in ms. */
  readonly timeoutMs: number;
  /** Told of each final response; with a redirect, where it leads. */
  readonly onResponse: (head: ResponseHead, redirect: TargetUri | undefined) => void;
  /** Told how much of the content has arrived, and of how much, in octets. */
  readonly onProgress: (received: number, length: number | undefined) => void;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Downloads the content of a URI, redirects followed, and completes the output when it is whole.
 * When it fails, the output is left to the caller to abandon.
 *
 * @returns the octets of the content
 * @throws {DownloadError} when the content cannot be had or written
 */
export async function download(
  typed: TargetUri,
  output: Output,
  options: DownloadOptions,
): Promise<number> {
  const visited = new Set<string>();
  for (let uri = typed;;) {
    visited.add(uri.href);
    const redirect = await withServer(uri, options, async (response) => {
      let redirect: TargetUri | undefined;
      try {
        redirect = redirectOf(response.head, uri);
      } finally {
        options.onResponse(response.head, redirect);
      }
      return redirect ?? await save(uri, response, output, options);
    });
    if (typeof redirect === "number") return redirect;
    if (visited.has(redirect.href)) {
      throw new DownloadError("network", `the redirects go round in a loop at ${redirect.href}`);
    }
    if (visited.size > options.maxRedirects) {
      throw new DownloadError("network", `there are more than ${options.maxRedirects} redirects`);
    }
    uri = redirect;
  }
}

/** Where a response sends us, if it does (RFC 9110 §15.4). */
function redirectOf(head: ResponseHead, uri: TargetUri): TargetUri | undefined {
  if (!REDIRECTS.has(head.statusCode)) return undefined;
  const [location, ...more] = head.fields.values("location");
  if (location === undefined || more.length > 0) {
    const count = location === undefined ? "no" : "more than one";
    throw new DownloadError(
      "network",
      `${uri.href}: the ${head.statusCode} redirect has ${count} Location`,
    );
  }
  return parseLocation(location, uri);
}

async function save(
  uri: TargetUri,
  { head, framing, content }: ClientResponse,
  output: Output,
  { onProgress }: DownloadOptions,
): Promise<number> {
  if (head.statusCode !== 200) {
    const phrase = head.reasonPhrase || reasonPhrase(head.statusCode);
    throw new DownloadError("answer", `${uri.href}: ${head.statusCode} ${phrase}`.trimEnd());
  }
  const length = framing.kind === "length" ? framing.contentLength : undefined;
  let received = 0;
  for await (const piece of content) {
    await output.write(piece);
    received += piece.length;
    onProgress(received, length);
  }
  await output.complete();
  return received;
}

/** Asks a server for a URI and uses its response, on a connection that ends with it. */
async function withServer<T>(
  uri: TargetUri,
  { timeoutMs }: DownloadOptions,
  use: (response: ClientResponse) => Promise<T>,
): Promise<T> {
  let connection: Connection | undefined;
  try {
    connection = await dial(uri.hostname, uri.port, timeoutMs);
    const response = await exchange(connection, {
      method: "GET",
      requestTarget: uri.requestTarget,
      fieldLines: [
        ["Host", uri.authority],
        ["User-Agent", "client"],
        ["Accept", "*/*"],
        ["Accept-Encoding", "identity"],
        ["Connection", "close"],
      ],
    }, { idleMs: timeoutMs, until: Infinity });
    return await use(response);
  } catch (error) {
    const reason = failureReason(error);
    if (reason === undefined) throw error;
    throw new DownloadError("network", `${uri.authority}: ${reason}`, { cause: error });
  } finally {
    connection?.close();
  }
}
