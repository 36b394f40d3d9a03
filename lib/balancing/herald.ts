import type { Audience } from "./chooser.ts";
import type { Server } from "./list/server.ts";
import { type News, readCounts, writeNews } from "./news.ts";
import type { Candidate } from "./policy.ts";
import type { TransferSample } from "./sample.ts";
import type { Tally } from "./tally.ts";

/** Changes within so many ms are told together, since a farm that dies does so server by server. */
const TOGETHER_MS = 20;

/**
 * Stands between the pool and workers, who test nobody themselves: lets them know who may be picked,
 * and adds up whom they sent where.
 */
export class Herald implements Audience {
  readonly #tally: Tally;
  readonly #callSoon: (call: () => void) => void;
  #inform: ((news: string) => void) | undefined;
  #candidates: readonly Candidate[] = [];
  #isChanged = false;
  #measured: [string, TransferSample][] = [];
  #isToTell = false;

  /**
   * Speaks to nobody yet.
   *
   * @param tally is given what workers report
   * @param callSoon calls back once other changes have had time to come
   */
  constructor(
    tally: Tally,
    callSoon: (call: () => void) => void = (call) => setTimeout(call, TOGETHER_MS),
  ) {
    this.#tally = tally;
    this.#callSoon = callSoon;
  }

  /** From now on all workers are let know what changes, a line of text at a time. */
  speakTo(inform: (news: string) => void): void {
    this.#inform = inform;
  }

  /** What a new worker has to know before all else. */
  readonly greeting = (): string => writeNews({ measured: [], candidates: this.#candidates });

  /** Takes in what a worker has counted since it last reported; what is no report is passed over. */
  readonly hear = (report: string): void => {
    const counts = readCounts(report);
    if (counts !== undefined) this.#tally.add(counts);
  };

  /** Others may be picked. */
  update(candidates: readonly Candidate[]): void {
    this.#candidates = candidates;
    this.#isChanged = true;
    this.#tellSoon();
  }

  /** A test has passed in the middle of a round. */
  measured(server: Server, sample: TransferSample): void {
    this.#measured.push([server.authority, sample]);
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#isToTell) return;
    this.#isToTell = true;
    this.#callSoon(() => this.#tell());
  }

  #tell(): void {
    const news: News = { measured: this.#measured };
    this.#inform?.(writeNews(this.#isChanged ? { ...news, candidates: this.#candidates } : news));
    this.#isToTell = false;
    this.#isChanged = false;
    this.#measured = [];
  }
}
