import { assertEquals, assertMatch } from "@std/assert";
import { StateFile } from "../../../lib/balancing/state/state_file.ts";
import { StateKeeper, type StatePart } from "../../../lib/balancing/state/state_keeper.ts";
import { decodeState } from "../../../lib/balancing/state/state_text.ts";
import { withPatched } from "../../support/patched.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const MAX_AGE_MS = 1000;

/** A part that is one value. */
class Fact implements StatePart {
  readonly name: string;
  readonly isLasting: boolean;
  value: unknown = "none";

  constructor(name: string, isLasting = false) {
    this.name = name;
    this.isLasting = isLasting;
  }

  save(): unknown {
    return this.value;
  }

  restore(facts: unknown): void {
    if (typeof facts !== "string") throw new TypeError("No text");
    this.value = facts;
  }
}

/** A process that keeps one fact, at a time of its own; pauses end by hand. */
class Keeping {
  readonly fact = new Fact("fact");
  readonly decision = new Fact("decision", true);
  readonly said: string[] = [];
  readonly pauses: number[] = [];
  readonly keeper: StateKeeper;
  epochMs = 1_000_000;
  #endPause = () => {};

  constructor(file: StateFile, isSuccessor = false) {
    this.keeper = new StateKeeper(file, {
      parts: [this.fact, this.decision],
      maxAgeMs: MAX_AGE_MS,
      isSuccessor,
      info: (message) => this.said.push(message.replaceAll(file.path, "FILE")),
      epochMs: () => this.epochMs,
      pause: (ms, signal) => {
        this.pauses.push(ms);
        return new Promise((resolve) => {
          this.#endPause = resolve;
          if (signal.aborted) resolve();
          signal.addEventListener("abort", () => resolve());
        });
      },
    });
  }

  /** Starts one on the file in a directory. */
  static async at(directory: TemporaryDirectory, isSuccessor = false): Promise<Keeping> {
    return new Keeping(await StateFile.open(directory.join("state")), isSuccessor);
  }

  /** Ends the present pause, and waits until another one begins. */
  async tick(): Promise<void> {
    const count = this.pauses.length;
    this.#endPause();
    while (this.pauses.length === count) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The fact in the file. */
async function written(directory: TemporaryDirectory): Promise<unknown> {
  return (await decodeState(await directory.read("state"))).parts.get("fact");
}

Deno.test("StateKeeper writes what has changed, and the next one adopts it", async () => {
  await using directory = await TemporaryDirectory.with();
  const one = await Keeping.at(directory);
  await one.keeper.restore();
  await one.keeper.save();
  assertEquals(await directory.names(), ["state.lock"], "nothing before it begins");
  one.keeper.begin();
  await one.tick();
  assertEquals(await written(directory), "none");
  const { mtime } = await Deno.stat(directory.join("state"));
  await one.tick();
  assertEquals((await Deno.stat(directory.join("state"))).mtime, mtime, "nothing has changed");
  one.fact.value = "some";
  await one.tick();
  assertEquals(await written(directory), "some");
  one.fact.value = "more";
  await one.keeper.close();
  assertEquals(one.pauses.every((ms) => ms === 1000), true);
  const next = await Keeping.at(directory);
  await next.keeper.restore();
  assertEquals([next.fact.value, next.said], ["more", [
    "the state of 1970-01-01T00:16:40.000Z was adopted",
  ]]);
  await next.keeper.close();
});

Deno.test("StateKeeper says once what is wrong with a state, and ignores it", async () => {
  await using directory = await TemporaryDirectory.with();
  const writer = await Keeping.at(directory);
  writer.fact.value = writer.decision.value = "known";
  writer.keeper.begin();
  await writer.keeper.close();
  const good = await directory.read("state");
  const at = "1970-01-01T00:16:40.000Z";
  const old = `the state in FILE is of ${at}, older than three intervals`;
  const foreign = "it is left as it is, and no state is kept";
  const rows: readonly (readonly [Uint8Array | string, number, string, string])[] = [
    [good, MAX_AGE_MS, "known", `the state of ${at} was adopted`],
    [good, MAX_AGE_MS + 1, "none", `${old}: it is ignored, but for its decision`],
    [good, -60_000, "known", `the state of ${at} was adopted`],
    [
      good,
      -60_001,
      "none",
      `the state in FILE is of ${at}, in the future: it is ignored, but for `,
    ],
    [good.subarray(1), 0, "none", `--state=FILE is no state of a balancer: ${foreign}`],
    [good.subarray(0, -1), 0, "none", "the state in FILE is damaged: it is ignored"],
    ["0.0.0.0 list", 0, "none", `--state=FILE is no state of a balancer: ${foreign}`],
  ];
  for (const [content, age, fact, message] of rows) {
    await directory.write("state", content);
    const next = await Keeping.at(directory);
    next.epochMs += age;
    await next.keeper.restore();
    assertEquals([next.fact.value, next.said.length], [fact, 1], message);
    assertEquals(next.said[0]!.slice(0, message.length), message);
    if (message.includes("decision")) assertEquals(next.decision.value, "known");
    next.fact.value = "new";
    next.keeper.begin();
    await next.keeper.close();
    const isLeft = message.endsWith(foreign);
    const isReplaced = isLeft ? undefined : await written(directory);
    assertEquals(isReplaced, isLeft ? undefined : "new", message);
    assertEquals(next.said.length, 1);
  }
});

Deno.test("StateKeeper ignores a state of which a part is malformed", async () => {
  await using directory = await TemporaryDirectory.with();
  const writer = await Keeping.at(directory);
  writer.fact.value = 7;
  writer.keeper.begin();
  await writer.keeper.close();
  const next = await Keeping.at(directory);
  await next.keeper.restore();
  assertEquals(next.said, ["the state in FILE is damaged, in its part fact: it is ignored"]);
  await next.keeper.close();
});

Deno.test("StateKeeper runs without while another process keeps the file", async () => {
  await using directory = await TemporaryDirectory.with();
  const one = await Keeping.at(directory);
  one.fact.value = "its own";
  await one.keeper.restore();
  one.keeper.begin();
  await one.tick();
  const other = await Keeping.at(directory);
  await other.keeper.restore();
  other.keeper.begin();
  assertEquals([other.fact.value, other.said], ["none", [
    "another process keeps its state in FILE: this one runs without",
  ]]);
  await one.keeper.close();
  await other.tick();
  await other.keeper.close();
  assertEquals(await written(directory), "its own");
});

Deno.test("StateKeeper as a successor adopts at once, and again when the other one has ended", async () => {
  await using directory = await TemporaryDirectory.with();
  const one = await Keeping.at(directory);
  one.fact.value = "at the start";
  await one.keeper.restore();
  one.keeper.begin();
  await one.tick();
  const next = await Keeping.at(directory, true);
  await next.keeper.restore();
  next.keeper.begin();
  await next.tick();
  assertEquals(next.fact.value, "at the start");
  assertMatch(next.said[0]!, /^another process keeps its state in FILE: this one goes on with it/);
  one.fact.value = "at the end";
  await one.keeper.close();
  assertEquals(next.pauses.at(-1), 100);
  await next.tick();
  assertEquals([next.fact.value, next.pauses.at(-1)], ["at the end", 1000]);
  next.fact.value = "later";
  await next.keeper.close();
  assertEquals(await written(directory), "later");
});

Deno.test("StateKeeper says once that it cannot write, tries again, and says when it can", async () => {
  await using directory = await TemporaryDirectory.with();
  const one = await Keeping.at(directory);
  await one.keeper.restore();
  one.keeper.begin();
  await one.tick();
  const full = () => () => {
    throw new Error("No space left on device (os error 28): open 'x'");
  };
  await withPatched(Deno, "rename", full, async () => {
    for (const value of ["a", "b", "c"]) {
      one.fact.value = value;
      await one.tick();
    }
  });
  assertEquals(await written(directory), "none");
  await one.tick();
  assertEquals(await written(directory), "c");
  assertEquals(one.said, [
    "cannot keep the state in FILE: No space left on device; trying again",
    "the state in FILE is kept again",
  ]);
  await one.keeper.close();
});

Deno.test("StateKeeper gives a file up that it cannot lock, until it can", async () => {
  await using directory = await TemporaryDirectory.with();
  const one = await Keeping.at(directory);
  const denied = () => () => Promise.reject(new Error("Permission denied (os error 13): open"));
  await withPatched(Deno, "open", denied, async () => {
    await one.keeper.restore();
    one.keeper.begin();
    await one.tick();
  });
  assertEquals(one.said, ["cannot keep the state in FILE: Permission denied; trying again"]);
  await one.tick();
  assertEquals(await written(directory), "none");
  await one.keeper.close();
});

Deno.test("StateKeeper writes a large state less often", async () => {
  await using directory = await TemporaryDirectory.with();
  const one = await Keeping.at(directory);
  one.fact.value = "x".repeat(1024 * 1024);
  one.keeper.begin();
  await one.tick();
  assertEquals(Math.floor(one.pauses.at(-1)! / 1000), 4);
  await one.keeper.close();
});
