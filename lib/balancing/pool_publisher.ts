import type { PoolObserver } from "./chooser.ts";
import type { Server } from "./list/server.ts";
import { writePoolUpdate } from "./news.ts";
import type { Candidate } from "./policy.ts";
import type { TransferSample } from "./sample.ts";

/** Sends a line of text, and settles once it was taken. Never rejects. */
export type Send = (line: string) => Promise<void>;

/** Changes within so many ms are sent together, since a farm that dies does so server by server. */
const TOGETHER_MS = 20;

/** A worker, and what it was sent. */
interface Subscriber {
  readonly send: Send;
  /** The version that it knows, or is being sent. */
  version: number;
  isSending: boolean;
}

/** What was found about a server in the middle of a round. */
interface Change<T> {
  readonly value: T;
  readonly version: number;
}

/**
 * Lets workers, which test nothing themselves, know which servers may be picked. What a worker has
 * not read yet is not repeated: it gets the latest state once it has read what was sent before. So
 * one that does not read costs no more than one message.
 */
export class PoolPublisher implements PoolObserver {
  readonly #callSoon: (call: () => void) => void;
  readonly #subscribers = new Set<Subscriber>();
  #version = 0;
  #candidates: Change<readonly Candidate[]> = { value: [], version: 0 };
  readonly #measured = new Map<string, Change<TransferSample>>();
  readonly #left = new Map<string, Change<true>>();
  #isDue = false;

  /**
   * Has no subscriber yet.
   *
   * @param callSoon calls back once other changes have had time to come
   */
  constructor(
    callSoon: (call: () => void) => void = (call) => setTimeout(call, TOGETHER_MS),
  ) {
    this.#callSoon = callSoon;
  }

  /**
   * From now on a worker is sent how things stand, at once, and what changes.
   *
   * @returns ends that
   */
  readonly subscribe = (send: Send): () => void => {
    const subscriber = { send, version: -1, isSending: false };
    this.#subscribers.add(subscriber);
    void this.#bringUpToDate(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };

  /** The candidates have changed. */
  update(candidates: readonly Candidate[]): void {
    this.#candidates = { value: candidates, version: ++this.#version };
    this.#left.clear();
    const names = new Set(candidates.map(({ server }) => server.authority));
    for (const name of this.#measured.keys()) if (!names.has(name)) this.#measured.delete(name);
    this.#publishSoon();
  }

  /** A server may not be picked any more. */
  left({ authority }: Server): void {
    this.#left.set(authority, { value: true, version: ++this.#version });
    this.#publishSoon();
  }

  /** A test has passed in the middle of a round. */
  measured({ authority }: Server, sample: TransferSample): void {
    this.#measured.set(authority, { value: sample, version: ++this.#version });
    this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#callSoon(() => {
      this.#isDue = false;
      for (const subscriber of this.#subscribers) void this.#bringUpToDate(subscriber);
    });
  }

  async #bringUpToDate(subscriber: Subscriber): Promise<void> {
    if (subscriber.isSending) return;
    subscriber.isSending = true;
    try {
      while (subscriber.version < this.#version && this.#isSubscribed(subscriber)) {
        const line = this.#newsSince(subscriber.version);
        subscriber.version = this.#version;
        await subscriber.send(line);
      }
    } finally {
      subscriber.isSending = false;
    }
  }

  #isSubscribed(subscriber: Subscriber): boolean {
    return this.#subscribers.has(subscriber);
  }

  #newsSince(version: number): string {
    const { value: candidates, version: told } = this.#candidates;
    const samples = (after: number, until: number) =>
      [...this.#measured].flatMap(([name, change]) =>
        change.version > after && change.version <= until ? [[name, change.value] as const] : []
      );
    const measured = samples(version, told);
    const measuredSince = samples(Math.max(version, told), Infinity);
    const left = [...this.#left].flatMap(([name, change]) => change.version > version ? name : []);
    return told > version
      ? writePoolUpdate({ measured, candidates, measuredSince, left })
      : writePoolUpdate({ measured, measuredSince, left });
  }
}
