import { assert, assertEquals } from "@std/assert";
import { parseServer, type Server } from "../../../lib/balancing/list/server.ts";
import type { LoadAnswer } from "../../../lib/balancing/load_checks/ask_load.ts";
import { LoadChecker } from "../../../lib/balancing/load_checks/load_checker.ts";
import { candidatesOf } from "../../support/candidates.ts";
import { seededRandom } from "../../support/random.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

/** Servers on a virtual clock, and a checker that asks them. */
class Farm {
  readonly clock = new VirtualClock();
  readonly servers: readonly Server[];
  readonly answers: Record<string, LoadAnswer | Promise<LoadAnswer>> = {};
  readonly asked: string[] = [];
  readonly tested: string[] = [];
  readonly errors: unknown[] = [];
  /** Servers that are out, and may come back. */
  readonly out = new Set<string>();
  timers = 0;
  /** The server that the next client would get. */
  next: string | undefined;
  /** Ends tests of servers that did not answer. */
  testEnded: Promise<void> = Promise.resolve();
  readonly checker: LoadChecker;

  constructor(entries: readonly string[], perRedirect = 1, reporting: readonly string[] = entries) {
    this.servers = entries.map(parseServer);
    this.checker = new LoadChecker({
      perRedirect,
      next: () => this.next === undefined ? undefined : this.serverOf(this.next).id,
      ask: ({ authority }) => {
        this.asked.push(authority);
        return Promise.resolve(this.answers[authority] ?? "reported");
      },
      suspect: ({ authority }) => {
        this.tested.push(authority);
        return this.testEnded;
      },
      mayReturn: ({ authority }) => this.out.has(authority),
      clock: this.clock.read,
      schedule: (call, ms) => {
        this.timers++;
        return this.clock.schedule(call, ms);
      },
      random: seededRandom(5),
      onError: (error) => this.errors.push(error),
    });
    for (const entry of reporting) this.report(entry);
    this.update(...this.servers);
  }

  serverOf(entry: string): Server {
    return this.servers.find(({ authority }) => authority === parseServer(entry).authority)!;
  }

  /** A server says how many transfers it has. */
  report(entry: string, openTransfers = 0): void {
    const load = { openTransfers, pendingBytes: null, bytesPerSecond: null, utilization: null };
    this.checker.reported(this.serverOf(entry).id, { ...load, at: 0 });
  }

  update(...eligible: readonly Server[]): void {
    this.checker.update(candidatesOf(eligible, eligible.map(() => 1)));
  }

  /** Redirects a client to each of these servers every 50 ms. */
  async redirect(ms: number, ...authorities: readonly string[]): Promise<void> {
    for (let elapsedMs = 0; elapsedMs < ms; elapsedMs += 50) {
      for (const authority of authorities) this.checker.redirected(authority);
      await this.clock.advance(50);
    }
  }

  /** How often a server was asked. */
  count(authority: string): number {
    return this.asked.filter((it) => it === authority).length;
  }
}

/** Never ends. */
const NEVER = new Promise<never>(() => {});

Deno.test("LoadChecker asks servers that clients are sent to, and nothing while none come", async () => {
  const farm = new Farm(["a:1", "b:1", "c:1"]);
  await farm.clock.advance(600_000);
  assertEquals([farm.asked, farm.timers], [[], 0]);
  await farm.redirect(10_000, "a:1");
  assert(farm.count("a:1") > 140 && farm.count("a:1") <= 200, `${farm.count("a:1")}`);
  assertEquals([farm.count("b:1"), farm.count("c:1")], [0, 0]);
  await farm.clock.advance(10_000);
  const { timers } = farm;
  const { length } = farm.asked;
  await farm.clock.advance(600_000);
  assertEquals([farm.timers, farm.asked.length], [timers, length]);
  assertEquals(farm.checker.status.results.reported, length);
});

Deno.test("LoadChecker asks what workers have counted over the second that follows", async () => {
  const entries = Array.from({ length: 20 }, (_, i) => `s${i}:1`);
  const farm = new Farm(entries);
  farm.checker.counted(Object.fromEntries([...entries, "unknown:1"].map((entry) => [entry, 1])));
  await farm.clock.advance(500);
  const { length } = farm.asked;
  assert(length > 3 && length < 15, `${length}`);
  await farm.clock.advance(500);
  assert(farm.asked.length > length);
});

Deno.test("LoadChecker asks the server that the next client would get, half of the time", async () => {
  const farm = new Farm(["a:1", "b:1", "c:1"], 0.5);
  farm.next = "b:1";
  await farm.redirect(20_000, "a:1");
  const [a, b, c] = ["a:1", "b:1", "c:1"].map((authority) => farm.count(authority));
  assert(a! > 60 && b! > 60 && a! + b! <= 200 && c === 0, `${a} ${b} ${c}`);
});

Deno.test("LoadChecker asks a server again that said it was busy, while clients come elsewhere", async () => {
  for (const [openTransfers, isAgain] of [[0, false], [3, true]] as const) {
    const farm = new Farm(["a:1", "b:1"]);
    farm.report("b:1", openTransfers);
    await farm.redirect(1000, "a:1");
    assertEquals(farm.count("b:1") === 1, isAgain);
    farm.asked.length = 0;
    farm.report("b:1", openTransfers);
    await farm.redirect(1000, "a:1");
    assertEquals(farm.count("b:1") === 1, isAgain);
  }
});

Deno.test("LoadChecker does not ask servers that do not say their load, or no longer", async () => {
  const farm = new Farm(["a:1", "b:1"], 1, ["b:1"]);
  await farm.redirect(1000, "a:1");
  assertEquals(farm.count("a:1"), 0);
  farm.answers["b:1"] = "silent";
  await farm.redirect(2000, "b:1");
  assertEquals(farm.checker.status.results.silent, 1);
  const silent = new Farm(["a:1"], 1, []);
  await silent.redirect(1000, "a:1");
  assertEquals([silent.asked, silent.timers], [[], 0]);
  farm.answers["b:1"] = "reported";
  farm.report("b:1"); // By a test, in the next round.
  await farm.redirect(1000, "b:1");
  assert(farm.checker.status.results.reported > 10);
});

Deno.test("LoadChecker asks a server one question at a time", async () => {
  const farm = new Farm(["a:1", "b:1"]);
  farm.answers["a:1"] = NEVER;
  await farm.redirect(5000, "a:1", "b:1");
  assertEquals(farm.count("a:1"), 1);
  assert(farm.count("b:1") > 50);
});

Deno.test("LoadChecker has a server tested at once that does not answer while another one does", async () => {
  const farm = new Farm(["a:1", "b:1", "c:1"]);
  await farm.redirect(1000, "a:1", "b:1");
  farm.answers["a:1"] = "unanswered";
  farm.checker.redirected("a:1");
  for (let i = 0; i < 3; i++) await farm.redirect(50, "a:1"); // Clients go to this one alone.
  assertEquals(farm.tested, ["a:1"]);
  // It is left alone ever longer: for 1, 2, 4, 8, … s.
  await farm.redirect(60_000, "a:1", "b:1");
  assertEquals(farm.tested.length, 6);
  farm.answers["a:1"] = "reported";
  await farm.redirect(64_000, "a:1", "b:1");
  const before = farm.count("a:1");
  await farm.redirect(1000, "a:1", "b:1");
  assert(farm.count("a:1") > before + 10);
  assertEquals([farm.tested.length, farm.checker.status.tests], [6, 6]);
});

Deno.test("LoadChecker asks a server that is out whether it is back, and has it tested then", async () => {
  const farm = new Farm(["a:1", "b:1"]);
  const [a, b] = farm.servers as [Server, Server];
  farm.answers["a:1"] = "unanswered";
  await farm.redirect(1000, "a:1", "b:1");
  farm.out.add("a:1");
  farm.update(b);
  farm.asked.length = farm.tested.length = 0;
  await farm.clock.advance(60_000); // After 1, 3, 7, 15, 23, … s.
  assertEquals([farm.count("a:1"), farm.tested], [9, []]);
  farm.answers["a:1"] = "silent";
  for (let i = 0; i < 20; i++) await farm.clock.advance(8000);
  assertEquals(farm.tested.length, 5, "it answers, but does not pass");
  farm.update(a, b);
  farm.asked.length = 0;
  await farm.clock.advance(60_000);
  assertEquals(farm.asked, []);
});

Deno.test("LoadChecker asks no server that cannot come back, or is out for another reason", async () => {
  for (const [mayReturn, answer] of [[false, "unanswered"], [true, "reported"]] as const) {
    const farm = new Farm(["a:1", "b:1"]);
    farm.answers["a:1"] = answer;
    await farm.redirect(1000, "a:1", "b:1");
    if (mayReturn) farm.out.add("a:1");
    farm.update(farm.servers[1]!);
    farm.asked.length = 0;
    await farm.clock.advance(60_000);
    assertEquals(farm.asked.filter((it) => it === "a:1"), []);
  }
});

Deno.test("LoadChecker has one test of a server at a time", async () => {
  const farm = new Farm(["a:1", "b:1"]);
  const ended = Promise.withResolvers<void>();
  farm.testEnded = ended.promise;
  farm.answers["a:1"] = "unanswered";
  await farm.redirect(60_000, "a:1", "b:1");
  assertEquals([farm.tested, farm.count("a:1")], [["a:1"], 1]);
  ended.reject(new Error("the probe has a bug"));
  await farm.redirect(2000, "a:1", "b:1");
  assertEquals([farm.tested.length, farm.errors.length > 0], [2, true]);
});

Deno.test("LoadChecker blames no server, and asks few, when none answers", async () => {
  for (const count of [1, 2, 50]) {
    const entries = Array.from({ length: count }, (_, i) => `s${i}:1`);
    const farm = new Farm(entries);
    await farm.redirect(1000, ...entries);
    const { length } = farm.asked;
    for (const entry of entries) farm.answers[entry] = "unanswered";
    await farm.redirect(60_000, ...entries);
    assertEquals(farm.tested, []);
    assert(farm.asked.length - length <= 7 * count, `${farm.asked.length - length}`);
    // The network is back: what failed before was not the servers' fault.
    for (const entry of entries) farm.answers[entry] = "reported";
    await farm.redirect(64_000, ...entries);
    assertEquals(farm.tested, []);
  }
});

Deno.test("LoadChecker draws no conclusion from trouble on this side", async () => {
  const farm = new Farm(["a:1", "b:1"]);
  farm.answers["a:1"] = "untested";
  await farm.redirect(2000, "a:1", "b:1");
  farm.answers["a:1"] = Promise.reject(new TypeError("a bug"));
  await farm.redirect(200, "a:1", "b:1");
  assertEquals(farm.tested, []);
  assert(farm.count("a:1") > 20 && farm.errors.length > 0);
});

Deno.test("LoadChecker follows the pool: who has left is asked no more, backups only with clients", async () => {
  const farm = new Farm(["a:1", "b:1", "spare:1,backup"]);
  const [a, b, spare] = farm.servers as [Server, Server, Server];
  await farm.redirect(5000, "a:1");
  assertEquals(farm.count("spare:1"), 0);
  farm.checker.left(a.id);
  farm.asked.length = 0;
  await farm.redirect(1000, "a:1", "spare:1");
  assertEquals(farm.count("a:1"), 0);
  assert(farm.count("spare:1") > 10);
  farm.update(a, b, spare); // It was suspended only.
  await farm.redirect(1000, "a:1");
  assert(farm.count("a:1") > 10);
  farm.update(b, spare);
  farm.update(a, b, spare); // It was out, and has to say its load again.
  farm.asked.length = 0;
  await farm.redirect(1000, "a:1");
  assertEquals(farm.count("a:1"), 0);
  farm.report("a:1");
  await farm.redirect(1000, "a:1");
  assert(farm.count("a:1") > 10);
  // The same host and port with another path of its tests is another server.
  farm.update(parseServer("https://a:1/pub"), b);
  farm.asked.length = 0;
  await farm.redirect(1000, "a:1");
  assertEquals(farm.count("a:1"), 0);
});

Deno.test("LoadChecker asks no more once it is disposed of", async () => {
  const farm = new Farm(["a:1", "b:1"]);
  farm.answers["b:1"] = "unanswered";
  farm.checker.redirected("a:1");
  farm.checker.redirected("b:1");
  farm.checker[Symbol.dispose]();
  await farm.redirect(1000, "a:1", "b:1");
  await settled();
  assertEquals([farm.asked, farm.tested], [[], []]);
});
