/**
 * How large the files are that clients ask for, learnt beside the redirects. Time and asking are
 * arguments.
 *
 * @module
 */

import { responseBodyFraming } from "../http/body.ts";
import { decodeOctets, encodeOctets } from "../http/grammar.ts";
import { isWhole } from "../http/response.ts";
import type { Connection } from "../net/connection.ts";
import { now } from "../net/deadlines.ts";
import { exchange, failureReason } from "../net/exchange.ts";
import type { Server } from "./list/server.ts";
import { connectTo, requestTo } from "./probe.ts";

/** Finds out how large a file is, in octets; undefined where that cannot be told. */
export type AskSize = (server: Server, target: string) => Promise<number | undefined>;

/** Targets that are remembered, those of known and those of unknown size each. */
const MOST_TARGETS = 10_000;

/** What is longer is never asked for, so that all that is remembered takes some 20 MB at the most. */
const LONGEST_TARGET = 1024;

/** How long a size is good, and how long a target without one is left alone, in ms. */
const KNOWN_MS = 600_000;
const UNKNOWN_MS = 60_000;

/** At the least between the beginnings of two questions, in ms. */
const PAUSE_MS = 50;

interface Known {
  readonly bytes: number;
  /** When it is to be asked for again. */
  readonly until: number;
}

/**
 * The sizes of files by request-target, its query included. Strangers decide what is wanted, so
 * memory is bounded, and so is what the servers are asked: one question at a time and 20 a second,
 * however many clients come. Who comes while it is too early is not put into a queue: what many
 * clients want will soon be wanted again.
 */
export class KnownSizes {
  readonly #ask: AskSize;
  readonly #clock: () => number;
  readonly #pauseMs: number;
  /** By age, as both are. Apart, so that no flood of what there is not drives out what there is. */
  readonly #known = new Map<string, Known>();
  /** Until when each is left alone. */
  readonly #unknown = new Map<string, number>();
  #isAsking = false;
  #nextAt = -Infinity;

  /**
   * Knows nothing yet.
   *
   * @param ask a promise that rejects is taken as one for undefined
   * @param clock ms that never go back
   * @param parts how many such as this ask the same servers: each asks so much less often
   */
  constructor(ask: AskSize, clock: () => number, parts = 1) {
    this.#ask = ask;
    this.#clock = clock;
    this.#pauseMs = PAUSE_MS * parts;
  }

  /** The size of a file in octets, if it is known. */
  of(target: string): number | undefined {
    return this.#known.get(target)?.bytes;
  }

  /**
   * A client is sent to this server for a file: asks there how large it is, unless that is known, or
   * not to be known, or it is not the time to ask. Waits for nothing and never throws.
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

/** Adds the newest, and forgets the oldest when there are too many. */
function remember<T>(map: Map<string, T>, target: string, value: T): void {
  map.set(target, value);
  if (map.size <= MOST_TARGETS) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}

/** In memory a target is a part of the text of a whole head, all of which would stay with it. */
function copyOf(target: string): string {
  return decodeOctets(encodeOctets(target), 0, target.length);
}

/** For all of it, in ms. */
const TIMEOUT_MS = 5000;

/** How much of that the connecting may take, and how long nothing may arrive. */
const SILENT_PART = 1 / 2;

/** A head is all that comes. */
const INPUT_BYTES = 4096;

/**
 * Asks a server by HEAD, on a connection of its own, how large a file is. Only the length of a 200
 * counts: a redirect is not followed, and what is sent in chunks has no length before its end.
 * Never rejects for what a server does.
 *
 * @param target in origin form, as a client sent it
 * @param timeoutMs for all of it
 * @returns the size in octets; undefined where the server does not say
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
    const until = now() + timeoutMs - (performance.now() - start);
    const request = requestTo(server, "HEAD", target, "balancer-sizes");
    const { head } = await exchange(connection, request, { idleMs, until });
    if (!isWhole(head)) return undefined;
    // The fields are those of the answer that a GET would get (RFC 9110 §9.3.2).
    const framing = responseBodyFraming("GET", head);
    return framing.kind === "length" ? framing.contentLength : undefined;
  } catch (error) {
    if (failureReason(error) === undefined) throw error;
    return undefined;
  } finally {
    connection?.close();
  }
}
