/**
 * What a balancer knows, kept in a file for the next one.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { SingleRun } from "../../process/single_run.ts";
import type { BalancerOptions } from "../balancer_options.ts";
import { StateFile } from "./state_file.ts";
import { decodeState, encodeState, type State, StateError } from "./state_text.ts";

/** Facts of one owner, kept under its name. */
export interface StatePart {
  readonly name: string;
  /** Whether its facts hold however old they are: decisions, not measurements. */
  readonly isLasting?: boolean;
  /**
   * The facts as they are now, as data that JSON can hold; points in time in milliseconds since the
   * epoch. Called once a second: the same object as before says that nothing has changed.
   */
  save(): unknown;
  /**
   * Adopts facts that an earlier process saved: at the start, after the list of servers was read; and
   * once more when that process has ended, if both ran at the same time. So it must not matter if
   * facts are adopted twice.
   *
   * @throws {TypeError} if they are malformed; then nothing has changed
   */
  restore(facts: unknown): void;
}

/** How a state is kept. */
export interface StateKeeperOptions {
  /** What is kept. */
  readonly parts: readonly StatePart[];
  /** A state that is older is ignored, in ms. */
  readonly maxAgeMs: number;
  /** Whether it takes the place of a process that still keeps the file, once that has ended. */
  readonly isSuccessor: boolean;
  /** Logs a message for the user, and its record for programs. */
  readonly info: (message: string, record?: object) => void;
  /** The time in milliseconds since the epoch. */
  readonly epochMs: () => number;
  /** Settles after so many ms, or once the signal has fired. Never rejects. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** How often it is tried to take over the file from another process, in ms. */
const TURN_MS = 100;

/** The shortest pause between two looks at what has changed, in ms. */
const PAUSE_MS = 1000;

/** A large state is written less often: so many bytes a second, for the sake of the disk. */
const MOST_BYTES_PER_MS = 256 * 1024 / 1000;

/** A state that is older than so many intervals says nothing about servers any more. */
const MOST_INTERVALS = 3;

/** A state from later than now by no more is believed: clocks are set, in ms. */
const CLOCK_LEEWAY_MS = 60_000;

/** Keeps facts in a file: adopts them at the start, and writes them when they have changed. */
export class StateKeeper {
  readonly #file: StateFile;
  readonly #options: StateKeeperOptions;
  readonly #saving = new SingleRun(() => this.#save());
  readonly #closing = new AbortController();
  #ticking: Promise<void> | undefined;
  /** The JSON of each part as it was written last, and the facts it was made of. */
  readonly #written = new Map<string, { readonly facts: unknown; readonly json: string }>();
  #bytes = 0;
  /** Why nothing is kept, for good. */
  #isOff = false;
  /** Whether another process keeps the file. */
  #isWaiting = false;
  /** The last problem with writing. */
  #problem: string | undefined;

  constructor(file: StateFile, options: StateKeeperOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Adopts the state in the file; logs why that is not possible. Never rejects. */
  async restore(): Promise<void> {
    const { isSuccessor, info } = this.#options;
    if (await this.#lock() === undefined) return;
    if (this.#isWaiting) {
      const what = `another process keeps its state in ${this.#file.path}`;
      if (!isSuccessor) {
        this.#isOff = true;
        return info(`${what}: this one runs without`, { event: "state", reason: "locked" });
      }
      info(`${what}: this one goes on with it once that has ended`, {
        event: "state",
        reason: "shared",
      });
    }
    await this.#adopt();
  }

  /** Begins to write, at once and whenever something has changed. */
  begin(): void {
    this.#ticking ??= this.#tick();
  }

  /** Writes what has changed since the last time, unless `begin` was not called. Never rejects. */
  async save(): Promise<void> {
    if (this.#ticking !== undefined) await this.#saving.again();
  }

  /** Writes what has changed, for the last time, and gives up the file. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ticking;
    await this.save();
    this.#file.unlock();
  }

  async #tick(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#saving.again();
      const pauseMs = Math.max(PAUSE_MS, this.#bytes / MOST_BYTES_PER_MS);
      await this.#options.pause(this.#isWaiting ? TURN_MS : pauseMs, signal);
    }
  }

  /** Whether this process has the lock; undefined if there can be none. */
  async #lock(): Promise<boolean | undefined> {
    try {
      const isLocked = await this.#file.lock();
      this.#isWaiting = !isLocked;
      return isLocked;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  async #adopt(): Promise<void> {
    const { parts, info } = this.#options;
    try {
      const bytes = await this.#file.read();
      if (bytes === undefined) return;
      const state = await decodeState(bytes);
      const problem = this.#problemOf(state);
      const adopted = parts.filter(({ name, isLasting }) =>
        state.parts.has(name) && (problem === undefined || isLasting === true)
      );
      for (const part of adopted) adoptPart(part, state);
      if (problem !== undefined) return this.#ignored(new StateError(problem), adopted);
      const at = new Date(state.savedAt).toISOString();
      info(`the state of ${at} was adopted`, { event: "state", reason: "adopted", at });
    } catch (error) {
      this.#ignored(error);
    }
  }

  /** Why a state is ignored, but for decisions; undefined if it is not. */
  #problemOf({ savedAt }: State): string | undefined {
    const ageMs = this.#options.epochMs() - savedAt;
    const at = new Date(savedAt).toISOString();
    if (ageMs > this.#options.maxAgeMs) return `is of ${at}, older than three intervals`;
    return ageMs < -CLOCK_LEEWAY_MS ? `is of ${at}, in the future` : undefined;
  }

  /** @param adopted parts that are not ignored */
  #ignored(error: unknown, adopted: readonly StatePart[] = []): void {
    const { path } = this.#file;
    const but = adopted.map(({ name }) => `, but for its ${name}`).join("");
    const reason = error instanceof StateError ? error.message : `cannot be read: ${textOf(error)}`;
    this.#isOff = error instanceof StateError && error.isForeign;
    const [name, end] = this.#isOff
      ? [`--state=${path}`, "it is left as it is, and no state is kept"]
      : [`the state in ${path}`, `it is ignored${but}`];
    this.#options.info(`${name} ${reason}: ${end}`, { event: "state", reason });
  }

  async #save(): Promise<void> {
    if (this.#isOff) return;
    const wasLocked = this.#file.isLocked;
    if (await this.#lock() !== true) return;
    if (!wasLocked) await this.#adopt();
    const changed = this.#options.parts.flatMap((part) => {
      const facts = part.save();
      const before = this.#written.get(part.name);
      if (before !== undefined && before.facts === facts) return [];
      const json = JSON.stringify(facts);
      return before?.json === json ? [] : [[part.name, { facts, json }] as const];
    });
    if (changed.length > 0) await this.#write(new Map([...this.#written, ...changed]));
  }

  async #write(parts: ReadonlyMap<string, { facts: unknown; json: string }>): Promise<void> {
    const { info, epochMs } = this.#options;
    const texts = new Map([...parts].map(([name, { json }]) => [name, json]));
    try {
      const bytes = await encodeState(epochMs(), texts);
      await this.#file.replace(bytes);
      this.#bytes = bytes.length;
      for (const [name, part] of parts) this.#written.set(name, part);
      if (this.#problem === undefined) return;
      this.#problem = undefined;
      info(`the state in ${this.#file.path} is kept again`, { event: "state", reason: "kept" });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const reason = textOf(error);
    if (reason === this.#problem) return;
    this.#problem = reason;
    this.#options.info(`cannot keep the state in ${this.#file.path}: ${reason}; trying again`, {
      event: "state",
      reason,
    });
  }
}

function adoptPart(part: StatePart, { parts }: State): void {
  try {
    part.restore(parts.get(part.name));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new StateError(`is damaged, in its part ${part.name}`);
  }
}

/** Opens what `--state` names. @returns undefined if it names nothing @throws as `StateFile.open` */
export async function openState(
  options: Pick<BalancerOptions, "state" | "interval" | "share-port">,
  parts: readonly StatePart[],
  info: StateKeeperOptions["info"],
): Promise<StateKeeper | undefined> {
  if (options.state === undefined) return undefined;
  return new StateKeeper(await StateFile.open(options.state), {
    parts,
    maxAgeMs: MOST_INTERVALS * options.interval,
    isSuccessor: options["share-port"],
    info,
    epochMs: Date.now,
    pause: (ms, signal) => delay(ms, { signal }).catch(() => {}),
  });
}

/** What the system says, without the name of the file. */
function textOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*/s, "");
}
