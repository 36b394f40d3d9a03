import { delay } from "@std/async/delay";
import type { Fields } from "../http/fields.ts";
import type { FollowOptions } from "./follow_redirects.ts";
import type { AttemptLog } from "./attempt_log.ts";
import type { PartFile } from "./part_file.ts";
import type { ReliefRace } from "./relief.ts";
import type { Holder, Segments } from "./segments.ts";
import type { TargetUri } from "./target_uri.ts";

/** How a file is downloaded in segments, and who is told of it. */
export interface SegmentedOptions extends FollowOptions {
  /** A server that sends fewer octets per second over `timeoutMs` has failed; 0 for any speed. */
  readonly minSpeed: number;
  /** Told how much of the content has arrived, and of how much, in octets, and from whom. */
  readonly onProgress: (received: number, length: number | undefined, server: string) => void;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Seconds since 1970. */
  readonly date: () => number;
}

/** What all parts have to be of. */
export interface Whole {
  /** Its strong ETag. */
  readonly entityTag: string;
  /** In octets. */
  readonly length: number;
}

/** One of those who bring segments. */
export interface Worker extends Holder {
  /** Who is asked or sends at present. */
  server: string | undefined;
}

/** What the workers on one content have in common. */
export interface Shared {
  /** What is brought. */
  readonly whole: Whole;
  /** Who brings which part of it. */
  readonly segments: Segments;
  /** Ends with the last part, or the last worker. */
  readonly round: TaskGroup;
  /** Asks for another server when nothing arrives from any. */
  readonly race: ReliefRace | undefined;
  /** What each server did. */
  readonly attempts: AttemptLog;
  /** Where it goes. */
  readonly output: PartFile;
  /** The URI as typed. */
  readonly typed: TargetUri;
  /** Where else the content is said to be. */
  readonly duplicates: () => readonly TargetUri[];
  /** How servers are found. */
  readonly followOptions: FollowOptions;
  /** How it is done. */
  readonly options: SegmentedOptions;
  /** Those that have not given up. */
  readonly workers: Set<Worker>;
  /** The fields of the answers that parts came with. */
  readonly responses: Fields[];
  /** The servers that brought a segment to its end. */
  readonly servers: Set<string>;
  /** The servers that send the whole, or something else, when they are asked for a part. */
  readonly partless: Set<string>;
}

/** What several do together until it is done, or cannot be. */
export class TaskGroup {
  readonly #ended = Promise.withResolvers<void>();
  readonly #over = new AbortController();

  /** Rejects with what kept it from its end. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether no work is left. */
  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** It is done; or not, for this reason. */
  end(error?: unknown): void {
    if (this.isOver) return;
    this.#over.abort();
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
  }

  /** Waits for so many ms, or until all is over. */
  async sleep(ms: number): Promise<void> {
    await delay(ms, { signal: this.#over.signal }).catch(() => {});
  }
}
