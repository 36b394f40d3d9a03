import { assert, assertEquals } from "@std/assert";
import { FileCatalog } from "../../../lib/balancing/file_checks/file_catalog.ts";
import { FileChecker } from "../../../lib/balancing/file_checks/file_checker.ts";
import {
  FactPublisher,
  type FileUpdate,
  readFileUpdate,
  readWanted,
  type Wanted,
  WorkerDemand,
} from "../../../lib/balancing/file_checks/file_link.ts";
import type { FileAnswer } from "../../../lib/balancing/file_checks/file_version.ts";
import { seededRandom } from "../../support/random.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

const [A, B, C, D] = [1, 2, 3, 4] as const;
const SERVERS: readonly number[] = [A, B, C, D];
const MINUTE = 60_000;
const HAS: FileAnswer = { kind: "has", version: { bytes: 7 } };
const LACKS: FileAnswer = { kind: "lacks" };

function newCatalog(): FileCatalog {
  const catalog = new FileCatalog({ expiryMs: 10 * MINUTE, random: seededRandom(1) });
  catalog.setServers(SERVERS);
  return catalog;
}

/** A worker's end of the link, and what it reports, as its parent reads that. */
class Worker {
  readonly clock = new VirtualClock();
  readonly catalog = newCatalog();
  readonly reports: (readonly Wanted[])[] = [];
  readonly demand = new WorkerDemand(this.catalog, {
    epochMs: this.clock.read,
    schedule: this.clock.schedule,
    report: (content) => {
      const wanted = readWanted(JSON.parse(JSON.stringify(content)));
      assert(wanted !== undefined);
      this.reports.push(wanted);
    },
  });

  /** What an update becomes on its way. */
  readonly send = (update: FileUpdate): Promise<void> => {
    this.demand.learn(readFileUpdate(JSON.parse(JSON.stringify(update)))!);
    return Promise.resolve();
  };

  picture(target: string): string {
    const row = this.catalog.find(target, this.clock.read());
    return SERVERS.map((id) => {
      if (row === undefined) return "?";
      if (this.catalog.isHolder(row, id)) return "+";
      if (this.catalog.isLacking(row, id)) return "-";
      return this.catalog.isExcluded(row, id) ? "~" : "?";
    }).join("");
  }
}

/** Whether a promise has settled. */
function watched(promise: Promise<void>): { isOver: boolean } {
  const state = { isOver: false };
  promise.then(() => state.isOver = true);
  return state;
}

Deno.test("WorkerDemand.want() reports what clients want, added up", async () => {
  const { clock, demand, reports } = new Worker();
  demand.want("/f", B);
  demand.want("/f", C);
  demand.want("/g", A, false, 5);
  demand.want("/g", D, true);
  demand.want("/none", undefined);
  assertEquals(reports, []);
  await clock.advance(100);
  assertEquals(reports, [[
    { target: "/f", requests: 2, answered: 0, lately: 0, first: B },
    { target: "/g", requests: 5, answered: 0, lately: 0, first: A, doubted: D },
    { target: "/none", requests: 1, answered: 0, lately: 0 },
  ]]);
  demand.want("/f", B);
  await clock.advance(100);
  assertEquals(reports[1], [{ target: "/f", requests: 1, answered: 0, lately: 0, first: B }]);
  await clock.advance(MINUTE);
  assertEquals(reports.length, 2);
});

Deno.test("WorkerDemand.want() tells what the worker knows of a target by then", async () => {
  const { clock, catalog, demand, reports } = new Worker();
  catalog.learn("/f", A, HAS, 0, 3);
  catalog.learn("/f", B, LACKS, 0);
  catalog.learn("/f", C, { kind: "unclear" }, 0);
  demand.want("/f", D);
  await clock.advance(100);
  assertEquals(reports, [[{ target: "/f", requests: 1, answered: 3, lately: 3, first: D }]]);
});

Deno.test("WorkerDemand.want() reports so many targets at a time, however many are wanted", async () => {
  const { clock, demand, reports } = new Worker();
  for (let i = 0; i < 10_000; i++) demand.want(`/${i}`, A);
  demand.want(`/${"x".repeat(2000)}`, A);
  await clock.advance(1000);
  assertEquals([reports.length, reports[0]!.length], [1, 256]);
});

Deno.test("WorkerDemand.find() waits until the parent has found servers with the target", async () => {
  const { clock, demand, reports, send } = new Worker();
  const [one, other] = [watched(demand.find("/f", 1000)), watched(demand.find("/f", 1000))];
  assertEquals(reports, [[{ target: "/f", requests: 1, answered: 0, lately: 0, waits: "first" }]]);
  await send({ facts: [{ target: "/f", servers: [A, B], answer: LACKS, wanted: 1 }], settled: [] });
  await clock.advance(500);
  assertEquals([one.isOver, other.isOver], [false, false]);
  await send({ facts: [{ target: "/f", servers: [C], answer: HAS, wanted: 1 }], settled: [] });
  await settled();
  // The parent waits for other versions.
  assertEquals([one.isOver, other.isOver], [false, false]);
  await send({ facts: [], settled: [["/f", "first"]] });
  await settled();
  assertEquals([one.isOver, other.isOver], [true, true]);
});

Deno.test("WorkerDemand.find() ends when its time is over, or the parent says so", async () => {
  const { clock, demand, reports, send } = new Worker();
  const late = watched(demand.find("/f", 1000));
  const told = watched(demand.find("/g", 1000));
  await send({ facts: [], settled: [["/g", "first"]] });
  await clock.advance(999);
  assertEquals([late.isOver, told.isOver], [false, true]);
  await clock.advance(1);
  assertEquals(late.isOver, true);
  void demand.find("/f", 1000);
  assertEquals(reports.length, 3);
  const long = watched(demand.find(`/${"x".repeat(2000)}`, 1000));
  await settled();
  assertEquals([long.isOver, reports.length], [true, 3]);
});

Deno.test("WorkerDemand.find() waits for all answers where that is wanted", async () => {
  const { demand, reports, send } = new Worker();
  const first = watched(demand.find("/f", 1000));
  const all = watched(demand.find("/f", 1000, true));
  const next = watched(demand.find("/f", 1000));
  assertEquals(reports.map(([it]) => it!.waits), ["first", "all"]);
  const facts = [{ target: "/f", servers: [C], answer: HAS, wanted: 1 }];
  await send({ facts, settled: [["/f", "first"]] });
  await settled();
  assertEquals([first.isOver, next.isOver, all.isOver], [true, true, false]);
  await send({ facts: [], settled: [["/f", "all"]] });
  await settled();
  assertEquals(all.isOver, true);
});

Deno.test("FactPublisher tells all workers what one of them wanted to know", async () => {
  const publisher = new FactPublisher(newCatalog());
  const workers = [new Worker(), new Worker()];
  const [unsubscribe] = workers.map(({ send }) => publisher.subscribe(send));
  publisher.learn({ target: "/f", servers: [A], answer: HAS, wanted: 1 });
  publisher.learn({ target: "/f", servers: [B], answer: LACKS, wanted: 1 });
  await settled();
  assertEquals(workers.map((it) => it.picture("/f")), ["+-??", "+-??"]);
  unsubscribe!();
  publisher.learn({ target: "/f", servers: [C], answer: HAS, wanted: 1 });
  await settled();
  assertEquals(workers.map((it) => it.picture("/f")), ["+-??", "+-+?"]);
});

Deno.test("FactPublisher.publishRow() tells a worker that begins late all that is known", async () => {
  const catalog = newCatalog();
  const publisher = new FactPublisher(catalog);
  catalog.learn("/f", A, { kind: "has", version: { bytes: 1, tag: 7, lastModified: 9 } }, 0, 5);
  catalog.learn("/f", B, { kind: "has", version: { bytes: 2, sha256: "ab".repeat(32) } }, 0);
  catalog.learn("/f", C, LACKS, 0);
  catalog.learn("/f", D, { kind: "unclear" }, 0);
  const row = catalog.find("/f", 0)!;
  catalog.doubt(row, C);
  const late = new Worker();
  publisher.subscribe(late.send);
  await settled();
  assertEquals(late.picture("/f"), "????");
  publisher.publishRow(row, "/f");
  await settled();
  assertEquals(late.picture("/f"), "+~-?");
  const known = late.catalog.find("/f", 0)!;
  assertEquals(late.catalog.version(known), catalog.version(row));
  assertEquals([late.catalog.wanted(known), late.catalog.answered(known)], [5, 4]);
  // What is to be asked again is so there as well.
  assertEquals(late.catalog.stale(known, SERVERS), [C]);
});

Deno.test("FactPublisher keeps a bounded number of facts for a worker that does not read", async () => {
  const publisher = new FactPublisher(newCatalog());
  const gate = Promise.withResolvers<void>();
  const updates: FileUpdate[] = [];
  publisher.subscribe(async (update) => {
    updates.push(update);
    await gate.promise;
  });
  const reader = new Worker();
  publisher.subscribe(reader.send);
  publisher.learn({ target: "/first", servers: [A], answer: HAS, wanted: 1 });
  await settled();
  for (let i = 0; i < 50_000; i++) {
    publisher.learn({ target: `/${i}`, servers: [A], answer: HAS, wanted: 1 });
    publisher.settled(`/${i}`, "first");
    if (i % 1000 === 0) await settled();
  }
  await settled();
  assertEquals([updates.length, reader.picture("/49999")], [1, "+???"]);
  gate.resolve();
  await settled();
  assertEquals(updates.map(({ facts, settled }) => [facts.length, settled.length]), [
    [1, 0],
    [10_000, 10_000],
  ]);
});

Deno.test("FactPublisher sends what was learnt meanwhile once a worker reads again, in order", async () => {
  const publisher = new FactPublisher(newCatalog());
  let gate = Promise.withResolvers<void>();
  const worker = new Worker();
  publisher.subscribe(async (update) => {
    await gate.promise;
    await worker.send(update);
  });
  publisher.learn({ target: "/f", servers: [A], answer: LACKS, wanted: 1 });
  publisher.learn({ target: "/f", servers: [A], answer: HAS, wanted: 1 });
  publisher.learn({ target: "/f", servers: [B], answer: LACKS, wanted: 1 });
  gate.resolve();
  await settled();
  assertEquals(worker.picture("/f"), "+-??");
  gate = Promise.withResolvers();
  publisher.learn({ target: "/f", servers: [A], answer: LACKS, wanted: 1 });
  await settled();
  assertEquals(worker.picture("/f"), "+-??");
  gate.resolve();
  await settled();
  assertEquals(worker.picture("/f"), "--??");
});

Deno.test("readWanted() takes what workers report about files, and nothing else", () => {
  const fine = { target: "/f", requests: 1, answered: 0, lately: 0 };
  for (
    const more of [{}, { first: 1 }, { doubted: 2 }, { waits: "first" }, { waits: "all", first: 3 }]
  ) {
    assertEquals(readWanted({ wanted: [{ ...fine, ...more }] }), [{ ...fine, ...more }] as never);
  }
  const wrong: readonly unknown[] = [
    undefined,
    null,
    {},
    { redirects: {}, unavailable: 0, missing: 0 },
    { wanted: "x" },
    { wanted: [null] },
    { wanted: [{ ...fine, target: 7 }] },
    { wanted: [{ ...fine, requests: "1" }] },
    { wanted: [{ ...fine, answered: undefined }] },
    { wanted: [{ ...fine, lately: null }] },
    { wanted: [{ ...fine, first: "a" }] },
    { wanted: [{ ...fine, waits: "some" }] },
  ];
  for (const content of wrong) assertEquals(readWanted(content), undefined);
});

Deno.test("readFileUpdate() takes updates about files, and no other ones", () => {
  assertEquals(readFileUpdate({ facts: [], settled: [] }), { facts: [], settled: [] });
  for (const content of [undefined, null, {}, { facts: [] }, { measured: [], left: [] }]) {
    assertEquals(readFileUpdate(content), undefined);
  }
});

Deno.test("WorkerDemand reports wanted targets in a flood of targets that nobody asks for again", async () => {
  const worker = new Worker();
  const asked: string[] = [];
  const publisher = new FactPublisher(newCatalog());
  publisher.subscribe(worker.send);
  const checker = new FileChecker({
    catalog: newCatalog(),
    ask: (server, target) => {
      asked.push(`${server} ${target}`);
      return Promise.resolve(target.startsWith("/real") ? HAS : LACKS);
    },
    rate: 50,
    isOneEnough: false,
    clock: worker.clock.read,
    epochMs: worker.clock.read,
    schedule: worker.clock.schedule,
    onAnswer: (target, server, answer, wanted) => {
      if (answer.kind === "unanswered") return;
      publisher.learn({ target, servers: [server], answer, wanted });
    },
    onError: (error) => {
      throw error;
    },
  });
  checker.setServers(SERVERS);
  const random = seededRandom(11);
  for (let ms = 0; ms < 20_000; ms += 10) {
    for (let i = 0; i < 100; i++) worker.demand.want(`/random/${random()}`, SERVERS[i % 4]!);
    // Twenty real targets, each wanted about twice a second.
    if (random() < 0.4) worker.demand.want(`/real/${Math.floor(random() * 20)}`, A);
    await worker.clock.advance(10);
    for (const report of worker.reports.splice(0)) {
      for (const { target, first, requests } of report) {
        checker.want(target, first, false, requests);
      }
    }
  }
  const known = Array.from({ length: 20 }, (_, i) => worker.picture(`/real/${i}`));
  assert(known.every((it) => it.includes("+")), `${known}`);
  assertEquals(new Set(asked).size, asked.length);
  assert(asked.length <= 20 * 50 + 5, `${asked.length}`);
  checker.close();
});
