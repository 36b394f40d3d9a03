import { now, unwatch, watch, type Watched } from "../net/deadlines.ts";
import type { Arrival } from "./arrive.ts";
import { TryError } from "./download_error.ts";
import { type SilenceLimits, SilenceWatch } from "./silence_watch.ts";

/**
 * Asks for a server that can take over; undefined when there is none. When the signal aborts, it
 * closes what it opened: for `NO_ANSWER` if it took too long, else since it is not needed any more.
 * With `mayStartOver`, a server with other content will do where none has the same.
 */
export type Relieve = (
  signal: AbortSignal,
  mayStartOver: boolean,
) => Promise<Arrival | undefined>;

/** Why a search for another server ends that takes too long. */
export const NO_ANSWER = "no answer";

/** A server that can take over from a silent one. */
export class Relief {
  /** `silentMs` is how long the other has been silent. */
  constructor(readonly arrival: Arrival, readonly silentMs: number) {}
}

/** A server has fallen silent, and another sends what follows. */
export class RelievedError extends TryError {
  override readonly name = "RelievedError";

  /** `reason` says how long the server was silent; `arrival` is the answer of the other. */
  constructor(server: string, reason: string, readonly arrival: Arrival) {
    super("network", server, reason);
  }
}

/** What ends the waiting for a server that has sent nothing for as long as that. */
export async function relievedError(
  server: string,
  { silentMs, arrival }: Relief,
): Promise<RelievedError> {
  const { secondsText } = await import("./retry.ts");
  return new RelievedError(server, `nothing arrived for ${secondsText(silentMs)}`, arrival);
}

/**
 * Waits for a server, and asks for another beside it when it has been silent for long: whichever
 * comes first is taken. Its clock leaves pauses of this process out.
 */
export class ReliefRace implements Watched {
  /** For the roster of those that are watched. */
  index = 0;
  /** When it is to be looked at, on the clock of deadlines. */
  deadline: number = Infinity;
  readonly #silence: SilenceWatch;
  readonly #searchMs: number;
  readonly #relieve: Relieve;
  #searching: AbortController | undefined;
  #give: ((relief: Relief) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;

  /**
   * For one answer of a server, or for the way to it.
   *
   * @param leastMs the shortest silence that counts
   * @param limits how long a search for another server may take: `headMs`; and `startOverMs`
   * @param begunAt when what is here began to come; undefined where it is not to be thrown away
   */
  constructor(leastMs: number, limits: SilenceLimits, relieve: Relieve, begunAt?: number) {
    const startOverMs = begunAt === undefined ? Infinity : limits.startOverMs;
    this.#silence = new SilenceWatch(leastMs, startOverMs, begunAt);
    this.#searchMs = limits.headMs;
    this.#relieve = relieve;
    watch(this);
  }

  /** Waits for what a server is to bring, or for another server. Rejects as the first does. */
  wait<T>(wanted: Promise<T>): Promise<T | Relief> {
    this.deadline = this.#silence.begin(now());
    return new Promise((resolve, reject) => {
      this.#give = resolve;
      this.#fail = reject;
      wanted.then((value) => {
        this.#endWait();
        resolve(value);
      }, (error) => {
        this.#endWait();
        reject(error);
      });
    });
  }

  /** Within a wait: the silence begins anew, since another server is waited for. */
  restart(): void {
    this.#endSearch();
    this.deadline = this.#silence.begin(now());
  }

  /** Within a wait: something of what is waited for has arrived. */
  heard(): void {
    this.#silence.end(now());
    this.restart();
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.#endSearch();
    unwatch(this);
  }

  /** For the sweep of deadlines. */
  expire(): void {
    this.deadline = Infinity;
    if (this.#searching === undefined) this.#search();
    else this.#searching.abort(NO_ANSWER);
  }

  async #search(): Promise<void> {
    const searching = this.#searching = new AbortController();
    this.deadline = now() + this.#searchMs;
    try {
      const arrival = await this.#relieve(
        searching.signal,
        this.#silence.mayStartOver(now()),
      );
      if (this.#searching !== searching) return arrival?.answer.release();
      this.#searching = undefined;
      if (arrival === undefined) {
        // One that gave no answer is avoided from now on: others may be there.
        const isLate = searching.signal.aborted;
        this.deadline = isLate ? now() : this.#silence.again(now());
      } else {
        this.deadline = Infinity;
        this.#give?.(new Relief(arrival, this.#silence.silentMs(now())));
      }
    } catch (error) {
      this.#fail?.(error);
    }
  }

  #endWait(): void {
    this.#silence.end(now());
    this.#endSearch();
  }

  #endSearch(): void {
    this.deadline = Infinity;
    const searching = this.#searching;
    this.#searching = undefined;
    searching?.abort();
  }
}
