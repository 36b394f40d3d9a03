import { DeadlineError, HostUnreachableError, LocalError } from "../../net/network_error.ts";
import { monotonicMs, pausedMs } from "../../net/deadlines.ts";
import { failureReason } from "../../net/exchange.ts";
import type { ReportedLoad } from "../health.ts";
import { HeadRequests } from "../head_requests.ts";
import type { Server } from "../list/server.ts";
import { loadIn, requestTo } from "../probe.ts";

/**
 * What came of a check: the server `reported` its load; it answered, but was `silent` about it; it
 * left the check `unanswered`; or the fault is on this side, so that it is `untested`.
 */
export const LOAD_ANSWERS = ["reported", "silent", "unanswered", "untested"] as const;

/** One of `LOAD_ANSWERS`. */
export type LoadAnswer = (typeof LOAD_ANSWERS)[number];

/**
 * Receives what an answer of a server says of its load, undefined if it says nothing, and how old that
 * is, in ms: half the time from the request to its answer.
 */
type LoadListener = (server: Server, load: ReportedLoad | undefined, ageMs: number) => void;

/** For one request, connecting included, in ms; there may be a second one. */
const TIMEOUT_MS = 1000;

/** Asks servers for their load by HEAD of the test file, on kept connections. */
export class LoadAsker {
  readonly #requests: HeadRequests;
  readonly #target: string;
  readonly #onLoad: LoadListener;
  readonly #timeoutMs: number;

  /**
   * Has no connection yet.
   *
   * @param target of the test file, in origin form
   * @param onLoad receives what each answer says of its server's load
   * @param schedule calls back after some ms; returns what cancels that
   * @param timeoutMs for one request, connecting included
   */
  constructor(
    target: string,
    onLoad: LoadListener,
    schedule: (call: () => void, ms: number) => () => void,
    timeoutMs: number = TIMEOUT_MS,
  ) {
    this.#requests = new HeadRequests(schedule);
    this.#target = target;
    this.#onLoad = onLoad;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Asks a server; a second time, on a new connection, if the first answer does not come in time.
   * Never rejects for what a server does.
   */
  async ask(server: Server): Promise<LoadAnswer> {
    const pausedBefore = pausedMs();
    try {
      return await this.#askOnce(server).catch((error) => {
        if (!(error instanceof DeadlineError)) throw error;
        return this.#askOnce(server);
      });
    } catch (error) {
      if (failureReason(error) === undefined) throw error;
      return isOwnFault(error) || pausedMs() > pausedBefore ? "untested" : "unanswered";
    }
  }

  /** Closes all kept connections. */
  close(): void {
    this.#requests.close();
  }

  async #askOnce(server: Server): Promise<LoadAnswer> {
    const request = requestTo(server, "HEAD", this.#target, "balancer-load");
    const sentMs = monotonicMs();
    const head = await this.#requests.send(server, request, sentMs + this.#timeoutMs);
    const load = loadIn(head);
    this.#onLoad(server, load, (monotonicMs() - sentMs) / 2);
    if (load !== undefined) return "reported";
    const isFailing = head.statusCode >= 500 && head.statusCode !== 501;
    return isFailing ? "unanswered" : "silent";
  }
}

/** A host that cannot be reached may be the server's fault, if others can. */
function isOwnFault(error: unknown): boolean {
  return error instanceof LocalError && !(error instanceof HostUnreachableError);
}
