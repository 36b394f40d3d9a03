import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Audience } from "../../lib/balancing/chooser.ts";
import { Herald } from "../../lib/balancing/herald.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { NewsReader, writeCounts } from "../../lib/balancing/news.ts";
import type { Candidate } from "../../lib/balancing/policy.ts";
import type { Patience } from "../../lib/balancing/health.ts";
import { Pool } from "../../lib/balancing/pool.ts";
import type { TransferSample } from "../../lib/balancing/sample.ts";
import { Tally } from "../../lib/balancing/tally.ts";
import { failed, passed, round } from "../support/servers.ts";

const servers = ["a:1=https://files.example/pub", "b:1 weight=3", "[::1]:1 backup"].map(
  parseServer,
);
const [a, b] = servers as [Server, Server, Server];

/** Without members that are undefined, which JSON leaves out. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** A policy's part in a worker: keeps what it is told. */
class Listener implements Audience {
  candidates: readonly Candidate[] = [];
  readonly told: string[] = [];
  readonly samples: TransferSample[] = [];

  update(candidates: readonly Candidate[], now: number): void {
    this.candidates = candidates;
    this.told.push(`${candidates.map(({ server }) => server.authority)} at ${now}`);
  }

  measured({ authority }: Server, sample: TransferSample, now: number): void {
    this.samples.push(sample);
    this.told.push(`${authority} took ${sample.elapsedMs} at ${now}`);
  }

  servers(): Server[] {
    return this.candidates.map(({ server }) => server);
  }
}

/** A parent with its pool, and a worker; the test says when what has changed is told. */
class Stage {
  readonly tally = new Tally();
  readonly lines: string[] = [];
  readonly own = new Listener();
  readonly worker = new Listener();
  readonly herald: Herald;
  readonly pool: Pool;
  clock = 0;
  readonly #soon: (() => void)[] = [];
  readonly #reader = new NewsReader(this.worker, () => this.clock);

  constructor(patience: Patience = { fall: 1, rise: 1 }) {
    this.herald = new Herald(this.tally, (call) => this.#soon.push(call));
    this.pool = new Pool(servers, [this.own, this.herald], patience);
    this.herald.speakTo((line) => this.lines.push(line));
    this.tell();
    this.greet();
    this.forget();
  }

  /** A new worker hears what it is greeted with. */
  greet(): void {
    this.#reader.read(this.herald.greeting());
  }

  /** The time has come to tell, and the worker hears it. How many lines it was. */
  tell(): number {
    for (const call of this.#soon.splice(0)) call();
    const lines = this.lines.splice(0);
    for (const line of lines) {
      assert(!/[\n\r]/.test(line));
      this.#reader.read(line);
    }
    return lines.length;
  }

  /** The worker's chooser knows of the same as that of the parent. */
  assertAlike(): void {
    assertEquals(plain(this.worker.candidates), plain(this.own.candidates));
  }

  forget(): void {
    this.worker.told.length = this.own.told.length = 0;
  }
}

Deno.test("Herald and NewsReader tell a worker whatever its parent's chooser is told", () => {
  const stage = new Stage();
  for (const [place, ms] of [[0, 10], [1, 20], [2, 30]] as const) {
    stage.pool.record(servers[place]!, passed(ms), 0);
  }
  stage.clock = 77;
  stage.pool.endRound(0);
  assertEquals(stage.tell(), 1);
  stage.assertAlike();
  assertEquals(stage.worker.told, ["a:1,b:1 at 77"]); // Tests of strangers mean nothing yet.
  stage.forget();
  stage.pool.record(b, passed(5), 0);
  assertEquals([stage.tell(), stage.worker.told], [1, ["b:1 took 5 at 77"]]);
  stage.pool.record(a, failed("refused"), 0);
  assertEquals(stage.tell(), 1);
  stage.assertAlike();
  stage.pool.record(b, failed("refused"), 0);
  assertEquals(stage.tell(), 1);
  stage.assertAlike();
  assertEquals(stage.worker.servers().map(({ authority }) => authority), ["[::1]:1"]);
});

Deno.test("Herald tells many changes in one line, tests first and each of them", () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  assertEquals(stage.tell(), 1);
  stage.forget();
  stage.pool.record(a, passed(7), 0);
  stage.pool.record(b, passed(8), 0);
  stage.pool.record(a, passed(9), 0);
  stage.pool.endRound(0);
  stage.pool.record(b, failed("refused"), 0);
  assertEquals(stage.worker.told, []);
  assertEquals(stage.tell(), 1);
  assertEquals(stage.worker.told, [
    ...["a:1 took 7 at 0", "b:1 took 8 at 0", "a:1 took 9 at 0", "a:1 at 0"],
  ]);
  stage.assertAlike();
  assertEquals(stage.tell(), 0);
});

Deno.test("Herald tells only tests when nothing else has changed", () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  stage.tell();
  stage.forget();
  const { candidates } = stage.worker;
  stage.pool.record(a, passed(7), 0);
  assertEquals(stage.tell(), 1);
  assertEquals(stage.worker.told, ["a:1 took 7 at 0"]);
  assertStrictEquals(stage.worker.candidates, candidates);
});

Deno.test("NewsReader keeps servers of which nothing has changed as the objects they were", () => {
  const stage = new Stage();
  const all = new Map(servers.map((server) => [server, 10]));
  round(stage.pool, all);
  stage.tell();
  const [first, second] = stage.worker.servers();
  round(stage.pool, all);
  stage.tell();
  stage.greet();
  assertStrictEquals(stage.worker.servers()[0], first);
  assertStrictEquals(stage.worker.servers()[1], second);
  const changed = parseServer("b:1 weight=4");
  stage.pool.replace([changed, a], 0);
  stage.tell();
  stage.assertAlike();
  assertEquals(plain(stage.worker.servers()), plain([changed, a]));
  assertStrictEquals(stage.worker.servers()[1], first);
});

Deno.test("NewsReader lets those who are gone go, with their tests", () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  stage.tell();
  stage.pool.replace([b], 0);
  stage.tell();
  assertEquals(plain(stage.worker.servers()), plain([b]));
  stage.forget();
  stage.herald.measured(a, { bytes: 1, elapsedMs: 1, at: 0 });
  assertEquals([stage.tell(), stage.worker.told], [1, []]);
  stage.pool.replace([], 0);
  stage.tell();
  assertEquals(stage.worker.candidates, []);
});

Deno.test("Herald.greeting tells all that a new worker has to know, also what is not told yet", () => {
  const stage = new Stage();
  stage.greet();
  assertEquals(stage.worker.told, [" at 0"]); // That nobody may be picked is worth knowing.
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  stage.greet();
  stage.assertAlike();
  assertEquals(stage.lines, []);
  assertEquals(stage.tell(), 1); // For those that were there before.
  stage.assertAlike();
});

Deno.test("Herald bears changes before it has anybody to speak to", () => {
  const soon: (() => void)[] = [];
  const herald = new Herald(new Tally(), (call) => soon.push(call));
  herald.update([]);
  for (const call of soon.splice(0)) call();
  const lines: string[] = [];
  herald.speakTo((line) => lines.push(line));
  herald.update([]);
  for (const call of soon.splice(0)) call();
  assertEquals(lines.length, 1);
});

Deno.test("Herald tells by itself after a while", async () => {
  const line = await new Promise<string>((resolve) => {
    const herald = new Herald(new Tally());
    herald.speakTo(resolve);
    herald.update([]);
  });
  assertEquals(JSON.parse(line), { measured: [], candidates: [] });
});

Deno.test("Herald adds up what workers report", () => {
  const { herald, tally } = new Stage();
  const hear = (redirects: Record<string, number>, unavailable = 0) => {
    herald.hear(writeCounts({ redirects, unavailable }));
    return [tally.redirectsTo("a:1"), tally.redirectsTo("b:1"), tally.unavailable];
  };
  assertEquals(hear({ "a:1": 3 }), [3, 0, 0]);
  assertEquals(hear({ "a:1": 1, "b:1": 4 }, 2), [4, 4, 2]);
  assertEquals(hear({}), [4, 4, 2]);
  assertEquals(tally.redirects, 8);
});

Deno.test("Herald passes over what is no report", () => {
  const { herald, tally } = new Stage();
  const texts = ["", "{", "null", "7", "[]", "{}", '{"redirects":{}}', '{"unavailable":1}'];
  for (const redirects of ["null", '{"a:1":"1"}', '{"a:1":null}', '{"a:1":0.5}']) {
    texts.push(`{"redirects":${redirects},"unavailable":0}`);
  }
  for (const text of texts) herald.hear(text);
  assertEquals(tally.take(), { redirects: {}, unavailable: 0 });
});

Deno.test("NewsReader keeps samples that are told again as the objects they were", () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  stage.tell();
  const samplesOf = ({ candidates }: Listener) => candidates.map(({ sample }) => sample);
  const [first] = samplesOf(stage.worker);
  stage.pool.record(a, passed(7), 0);
  stage.tell();
  stage.pool.record(b, failed("refused"), 0);
  stage.tell();
  assertStrictEquals(samplesOf(stage.worker)[0], first); // The one of the round that has ended.
  const [measured] = stage.worker.samples.slice(-1);
  stage.pool.endRound(0);
  stage.tell();
  assertStrictEquals(samplesOf(stage.worker)[0], measured);
  assertEquals(measured!.elapsedMs, 7);
});
