/**
 * The sizes of requested files, learnt beside the redirects.
 *
 * @module
 */

import { responseBodyFraming } from "../http/body.ts";
import { decodeLatin1, encodeLatin1 } from "../http/grammar.ts";
import { isWhole } from "../http/response.ts";
import type { Connection } from "../net/connection.ts";
import { monotonicMs } from "../net/deadlines.ts";
import { exchange, failureReason } from "../net/exchange.ts";
import type { Server } from "./list/server.ts";
import { connectTo, requestTo } from "./probe.ts";

/** Asks a server for the size of a file in bytes; undefined if unknown. */
export type AskSize = (server: Server, target: string) => Promise<number | undefined>;

/** The most targets that are remembered, of known and of unknown size each. */
const MOST_TARGETS = 10_000;

/** Longer targets are never asked for, so that the memory stays within some 20 MB. */
const LONGEST_TARGET = 1024;

/** How long a size is valid, and how long a target of unknown size is not asked for, in ms. */
const KNOWN_MS = 600_000;
const UNKNOWN_MS = 60_000;

/** The least time between two requests, in ms. */
const PAUSE_MS = 50;

interface Known {
  readonly bytes: number;
  /** When it is asked for again. */
  readonly until: number;
}

/**
 * The sizes of files by request-target, its query included. Clients decide which targets are seen,
 * so memory is bounded, and so are the requests to servers: one at a time and 20 a second. A target
 * seen too early is not queued: popular ones will be seen again.
 */
export class KnownSizes {
  readonly #ask: AskSize;
  readonly #clock: () => number;
  readonly #pauseMs: number;
  /** Oldest first, as both maps. Apart, so that many unknown targets do not displace known ones. */
  readonly #known = new Map<string, Known>();
  /** Until when each is not asked for. */
  readonly #unknown = new Map<string, number>();
  #isAsking = false;
  #nextAt = -Infinity;

  /**
   * @param ask a rejection counts as undefined
   * @param clock monotonic, in ms
   * @param parts how many processes ask the same servers: each asks so much less often
   */
  constructor(ask: AskSize, clock: () => number, parts = 1) {
    this.#ask = ask;
    this.#clock = clock;
    this.#pauseMs = PAUSE_MS * parts;
  }

  /** The size of a file in bytes, if known. */
  of(target: string): number | undefined {
    return this.#known.get(target)?.bytes;
  }

  /**
   * Asks a server, to which a client is sent for a file, for its size, unless that is known, has
   * failed lately, or another request is too recent. Does not wait and never throws.
   */
  want(target: string, server: Server): void {
    if (this.#isAsking) return;
    const monotonicMs = this.#clock();
    if (monotonicMs < this.#nextAt || !this.#isWorthAsking(target, monotonicMs)) return;
    this.#isAsking = true;
    this.#nextAt = monotonicMs + this.#pauseMs;
    const own = copyOf(target);
    this.#ask(server, own).then(
      (bytes) => this.#take(own, bytes),
      () => this.#take(own, undefined),
    );
  }

  /** Only targets in origin form name a file. */
  #isWorthAsking(target: string, monotonicMs: number): boolean {
    const until = this.#known.get(target)?.until ?? this.#unknown.get(target) ?? -Infinity;
    return monotonicMs >= until && target.length <= LONGEST_TARGET && target.startsWith("/");
  }

  #take(target: string, bytes: number | undefined): void {
    this.#isAsking = false;
    const monotonicMs = this.#clock();
    this.#known.delete(target);
    this.#unknown.delete(target);
    if (bytes === undefined) remember(this.#unknown, target, monotonicMs + UNKNOWN_MS);
    else remember(this.#known, target, { bytes, until: monotonicMs + KNOWN_MS });
  }
}

/** Adds the newest, and removes the oldest if there are too many. */
function remember<T>(map: Map<string, T>, target: string, value: T): void {
  map.set(target, value);
  if (map.size <= MOST_TARGETS) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}

/** A copy: a target is a slice of the text of a whole head, which would stay in memory with it. */
function copyOf(target: string): string {
  return decodeLatin1(encodeLatin1(target), 0, target.length);
}

/** For the whole exchange, in ms. */
const TIMEOUT_MS = 5000;

/** The part of it for connecting, and for silence. */
const SILENT_PART = 1 / 2;

/** Enough for a head. */
const INPUT_BYTES = 4096;

/**
 * Asks a server for the size of a file by HEAD on its own connection. Only the length of a 200
 * counts: a redirect is not followed. Never rejects for what a server does.
 *
 * @param target in origin form, as a client sent it
 * @param timeoutMs for the whole exchange
 * @returns the size in bytes; undefined if the server does not say
 */
export async function askSize(
  server: Server,
  target: string,
  timeoutMs: number = TIMEOUT_MS,
): Promise<number | undefined> {
  const idleMs = timeoutMs * SILENT_PART;
  const start = performance.now();
  let connection: Connection | undefined;
  try {
    connection = await connectTo(server, idleMs, INPUT_BYTES);
    const until = monotonicMs() + timeoutMs - (performance.now() - start);
    const request = requestTo(server, "HEAD", target, "balancer-sizes");
    const { head } = await exchange(connection, request, { idleMs, until });
    if (!isWhole(head)) return undefined;
    // The fields are those of the response to a GET (RFC 9110 §9.3.2).
    const framing = responseBodyFraming("GET", head);
    return framing.kind === "length" ? framing.contentLength : undefined;
  } catch (error) {
    if (failureReason(error) === undefined) throw error;
    return undefined;
  } finally {
    connection?.close();
  }
}
