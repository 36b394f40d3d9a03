import { randomInteger, seededRandom } from "../support/random.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { Client, type WantedFile } from "./client.ts";
import { Tally } from "./tally.ts";

/** Far more downloads than one client gets done, so that no two draw the same numbers. */
const SEEDS_APART = 1_000_003;

/** Clients that download without a pause. */
export class Crowd implements AsyncDisposable {
  readonly #origin: string;
  readonly #wanted: readonly WantedFile[];
  readonly #seed: number;
  readonly #directories: readonly TemporaryDirectory[];
  readonly #since = performance.now();
  /** What they have lived to see. */
  readonly tally = new Tally();

  private constructor(
    origin: string,
    wanted: readonly WantedFile[],
    seed: number,
    directories: readonly TemporaryDirectory[],
  ) {
    this.#origin = origin;
    this.#wanted = wanted;
    this.#seed = seed;
    this.#directories = directories;
  }

  /** So many clients of a balancer, each with a directory of its own. */
  static async of(
    count: number,
    origin: string,
    wanted: readonly WantedFile[],
    seed: number,
  ): Promise<Crowd> {
    const directories = Array.from({ length: count }, () => TemporaryDirectory.with());
    return new Crowd(origin, wanted, seed, await Promise.all(directories));
  }

  /** Since it was made, in ms. */
  get elapsedMs(): number {
    return performance.now() - this.#since;
  }

  /** Downloads until the signal fires; what is under way then comes to its end. */
  async downloadUntil(over: AbortSignal): Promise<void> {
    await Promise.all(this.#directories.map(async (directory, index) => {
      const { tally } = this;
      const client = new Client(this.#origin, directory, (it) => tally.redirects.push(it));
      const random = seededRandom(this.#seed + SEEDS_APART * (index + 1));
      while (!over.aborted) {
        const wanted = this.#wanted[randomInteger(random, this.#wanted.length)]!;
        tally.add(await client.experience(wanted));
      }
    }));
  }

  /** Removes the directories. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const directory of this.#directories) await directory[Symbol.asyncDispose]();
  }
}
