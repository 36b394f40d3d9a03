import { assertEquals } from "@std/assert";
import { KnownSizes } from "../../lib/balancing/known_sizes.ts";
import { serversOf } from "../support/candidates.ts";

const [server] = serversOf(1);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MOST_TARGETS = 10_000;

/** Sizes that are asked for by hand, on a clock that is only a number. */
class Trial {
  now = 0;
  readonly asked: string[] = [];
  #answer = Promise.withResolvers<number | undefined>();
  readonly sizes: KnownSizes;

  constructor(parts?: number) {
    const ask = (_: unknown, target: string) => {
      this.asked.push(target);
      this.#answer = Promise.withResolvers();
      return this.#answer.promise;
    };
    this.sizes = new KnownSizes(ask, () => this.now, parts);
  }

  /** Somebody wants a file, after so many ms. */
  want(target: string, laterMs = SECOND): void {
    this.now += laterMs;
    this.sizes.want(target, server!);
  }

  /** The question under way is answered. */
  async answer(bytes: number | undefined): Promise<void> {
    this.#answer.resolve(bytes);
    await this.#answer.promise;
  }

  async fail(): Promise<void> {
    this.#answer.reject(new Error("nobody expects this"));
    await this.#answer.promise.catch(() => {});
  }

  async learn(target: string, bytes: number | undefined): Promise<void> {
    this.want(target);
    await this.answer(bytes);
  }
}

Deno.test("KnownSizes.of() knows what was asked once the answer has come", async () => {
  const trial = new Trial();
  assertEquals(trial.sizes.of("/a"), undefined);
  trial.want("/a");
  assertEquals(trial.sizes.of("/a"), undefined);
  await trial.answer(7);
  assertEquals([trial.sizes.of("/a"), trial.sizes.of("/a?b")], [7, undefined]);
  await trial.learn("/empty", 0);
  assertEquals(trial.sizes.of("/empty"), 0);
});

Deno.test("KnownSizes.want() asks for one at a time, and for 20 a second", async () => {
  const trial = new Trial();
  trial.want("/a");
  trial.want("/b");
  assertEquals(trial.asked, ["/a"]);
  await trial.answer(1);
  for (let i = 0; i < 1000; i++) {
    trial.want(`/${i}`, 1);
    await trial.answer(1);
  }
  assertEquals(trial.asked.length, 1 + 20);
});

Deno.test("KnownSizes that is one of several asks so many times more seldom", async () => {
  const trial = new Trial(4);
  for (let i = 0; i < 1000; i++) {
    trial.want(`/${i}`, 1);
    await trial.answer(1);
  }
  assertEquals(trial.asked.length, 5);
});

Deno.test("KnownSizes.want() asks again after ten minutes, and keeps the old size until then", async () => {
  const trial = new Trial();
  await trial.learn("/a", 1);
  trial.want("/a", 10 * MINUTE - 1);
  assertEquals(trial.asked.length, 1);
  trial.want("/a", 1);
  assertEquals([trial.asked.length, trial.sizes.of("/a")], [2, 1]);
  await trial.answer(2);
  assertEquals(trial.sizes.of("/a"), 2);
  trial.want("/a", 10 * MINUTE);
  await trial.answer(undefined);
  assertEquals(trial.sizes.of("/a"), undefined);
});

Deno.test("KnownSizes.want() leaves alone for a minute what has no size", async () => {
  const trial = new Trial();
  await trial.learn("/missing", undefined);
  trial.want("/missing", MINUTE - 1);
  assertEquals(trial.asked.length, 1);
  await trial.learn("/missing", 3);
  assertEquals([trial.asked.length, trial.sizes.of("/missing")], [2, 3]);
});

Deno.test("KnownSizes.want() bears a question that rejects", async () => {
  const trial = new Trial();
  trial.want("/a");
  await trial.fail();
  assertEquals(trial.sizes.of("/a"), undefined);
  await trial.learn("/b", 1);
  assertEquals(trial.sizes.of("/b"), 1);
});

Deno.test("KnownSizes.want() asks for no long target, and for nothing that is no path", () => {
  const trial = new Trial();
  for (const target of [`/${"a".repeat(1024)}`, "*", "a.example:443"]) trial.want(target);
  assertEquals(trial.asked, []);
  trial.want(`/${"a".repeat(1023)}`);
  assertEquals(trial.asked.length, 1);
});

Deno.test("KnownSizes forgets the oldest of too many", async () => {
  const trial = new Trial();
  const learn = async (target: string) => {
    trial.want(target, 50);
    await trial.answer(1);
  };
  for (let i = 0; i < MOST_TARGETS; i++) await learn(`/${i}`);
  assertEquals(trial.sizes.of("/0"), 1);
  await learn("/new");
  assertEquals([trial.sizes.of("/0"), trial.sizes.of("/1"), trial.sizes.of("/new")], [
    undefined,
    1,
    1,
  ]);
});

Deno.test("KnownSizes forgets no size for all that there is not", async () => {
  const trial = new Trial();
  await trial.learn("/a", 1);
  for (let i = 0; i <= MOST_TARGETS; i++) {
    trial.want(`/${i}`, 50);
    await trial.answer(undefined);
  }
  assertEquals([trial.sizes.of("/a"), trial.asked.length], [1, MOST_TARGETS + 2]);
  trial.want("/0", 0);
  assertEquals(trial.asked.length, MOST_TARGETS + 2, "too early");
  trial.want("/0", 50);
  assertEquals(trial.asked.at(-1), "/0");
});
