import { monotonicMs, unwatch, watch, type Watched } from "../net/deadlines.ts";
import { secondsText } from "./attempts.ts";
import type { SilenceLimits } from "./context.ts";
import type { FinalAnswer } from "./follow_redirects.ts";
import { TryError } from "./download_error.ts";

/**
 * Asks for a server that can take over; undefined when there is none. When the signal aborts, it
 * closes what it opened: for `NO_ANSWER` if it took too long, else since it is not needed any more.
 * With `mayStartOver`, a server with other content will do where none has the same.
 */
export type Relieve = (
  signal: AbortSignal,
  mayStartOver: boolean,
) => Promise<FinalAnswer | undefined>;

/** Why a search for another server ends that takes too long. */
export const NO_ANSWER = "no answer";

/** A server that can take over from a silent one. */
export class Relief {
  /** `silentMs` is how long the other has been silent. */
  constructor(readonly successor: FinalAnswer, readonly silentMs: number) {}
}

/** A server has fallen silent, and another sends what follows. */
export class RelievedError extends TryError {
  override readonly name = "RelievedError";

  /** `reason` says how long the server was silent; `successor` is the answer of the other. */
  constructor(server: string, reason: string, readonly successor: FinalAnswer) {
    super("network", server, reason);
  }
}

/** What ends the waiting for a server that has sent nothing for as long as that. */
export function relievedError(server: string, { silentMs, successor }: Relief): RelievedError {
  return new RelievedError(server, `nothing arrived for ${secondsText(silentMs)}`, successor);
}

/**
 * Waits for a server, and asks for another beside it when it has been silent for long: whichever
 * comes first is taken. Its clock leaves pauses of this process out.
 */
export class ReliefRace implements Watched {
  index = 0;
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
    this.deadline = this.#silence.begin(monotonicMs());
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
    this.deadline = this.#silence.begin(monotonicMs());
  }

  /** Within a wait: something of what is waited for has arrived. */
  heard(): void {
    this.#silence.end(monotonicMs());
    this.restart();
  }

  close(): void {
    this.#endSearch();
    unwatch(this);
  }

  expire(): void {
    this.deadline = Infinity;
    if (this.#searching === undefined) this.#search();
    else this.#searching.abort(NO_ANSWER);
  }

  async #search(): Promise<void> {
    const searching = this.#searching = new AbortController();
    this.deadline = monotonicMs() + this.#searchMs;
    try {
      const mayStartOver = this.#silence.mayStartOver(monotonicMs());
      const successor = await this.#relieve(searching.signal, mayStartOver);
      if (this.#searching !== searching) return successor?.answer.release();
      this.#searching = undefined;
      if (successor === undefined) {
        // One that gave no answer is avoided from now on: others may be there.
        const isLate = searching.signal.aborted;
        this.deadline = isLate ? monotonicMs() : this.#silence.again(monotonicMs());
      } else {
        this.deadline = Infinity;
        this.#give?.(new Relief(successor, this.#silence.silentMs(monotonicMs())));
      }
    } catch (error) {
      this.#fail?.(error);
    }
  }

  #endWait(): void {
    this.#silence.end(monotonicMs());
    this.#endSearch();
  }

  #endSearch(): void {
    this.deadline = Infinity;
    const searching = this.#searching;
    this.#searching = undefined;
    searching?.abort();
  }
}

/** A silence of that many times the longest before it is out of the ordinary. */
const OUT_OF_THE_ORDINARY = 4;

/**
 * Tells when a server has been silent for so long that another is to be asked beside it, by how long
 * it was silent before. Pure: the time is an argument, in ms on a clock that never goes back.
 */
export class SilenceWatch {
  readonly #leastMs: number;
  readonly #leastStartOverMs: number;
  readonly #begunAt: number;
  #longestMs = 0;
  #since = 0;
  #pauseMs = 0;
  #startOverMs = 0;

  /**
   * For one answer.
   *
   * @param leastMs the shortest silence that counts
   * @param startOverMs the shortest silence after which what has come may be thrown away
   * @param begunAt when the first of it came: as long as that took, it is not
   */
  constructor(leastMs: number, startOverMs = Infinity, begunAt = 0) {
    this.#leastMs = leastMs;
    this.#leastStartOverMs = startOverMs;
    this.#begunAt = begunAt;
  }

  /** A wait for the server begins; returns when another is to be asked. */
  begin(monotonicMs: number): number {
    this.#since = monotonicMs;
    this.#pauseMs = Math.max(this.#leastMs, OUT_OF_THE_ORDINARY * this.#longestMs);
    this.#startOverMs = Math.max(this.#leastStartOverMs, monotonicMs - this.#begunAt);
    return monotonicMs + this.#pauseMs;
  }

  /** The wait has ended: something has arrived. */
  end(monotonicMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, this.silentMs(monotonicMs));
  }

  /**
   * No other server could take over; returns when to ask for one again: less often each time, but
   * once when starting over becomes worth it.
   */
  again(monotonicMs: number): number {
    const due = monotonicMs + this.#pauseMs;
    this.#pauseMs *= 2;
    const startOverAt = this.#since + this.#startOverMs;
    return startOverAt > monotonicMs ? Math.min(due, startOverAt) : due;
  }

  /** Whether no more is lost by starting over than by waiting as long again. */
  mayStartOver(monotonicMs: number): boolean {
    return this.silentMs(monotonicMs) >= this.#startOverMs;
  }

  silentMs(monotonicMs: number): number {
    return monotonicMs - this.#since;
  }
}
