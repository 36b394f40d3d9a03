import { assert, assertEquals } from "@std/assert";
import {
  type CheckResult,
  FileChecks,
  fileChecks,
  type FileChecksOptions,
  WorkerFiles,
} from "../../../lib/balancing/file_checks/file_checks.ts";
import { readFileUpdate, readWanted } from "../../../lib/balancing/file_checks/file_link.ts";
import { parseServer, type Server } from "../../../lib/balancing/list/server.ts";
import { candidatesOf } from "../../support/candidates.ts";
import { eventually } from "../../support/children.ts";
import { type Answer, answering, byTarget, FakeServer } from "../../support/fake_server.ts";

const OPTIONS: FileChecksOptions = {
  mode: "after",
  rate: 1000,
  expiryMs: 1e10, // By the clock on the wall: nothing expires here.
  timeoutMs: 30_000,
  testTarget: "/test.bin",
};

const FILE = answering("200 OK", "");

/** Has these targets and the test file, and lacks all others. */
function holding(answers: Readonly<Record<string, Answer>>): Answer {
  return byTarget({ "/test.bin": FILE, ...answers });
}

/** Servers of files, and what asks them. */
class Farm implements AsyncDisposable {
  readonly fakes: readonly FakeServer[];
  readonly servers: readonly Server[];
  readonly told: [target: string, groups: number][] = [];
  readonly errors: unknown[] = [];
  readonly checks: FileChecks;
  #workers: WorkerFiles[] = [];

  constructor(answers: readonly Answer[], options: Partial<FileChecksOptions> = {}) {
    this.fakes = answers.map((answer) => new FakeServer(answer));
    this.servers = this.fakes.map(({ authority }) => parseServer(authority));
    this.checks = new FileChecks(
      { ...OPTIONS, ...options },
      (target, versions) => this.told.push([target, versions.length]),
      (error) => this.errors.push(error),
    );
    this.offer();
  }

  /** Makes these the candidates, by default all. */
  offer(servers: readonly Server[] = this.servers): void {
    const candidates = candidatesOf(servers, servers.map(() => 1));
    for (const it of [this.checks, ...this.#workers]) it.update(candidates);
  }

  worker(): WorkerFiles {
    const worker = new WorkerFiles(OPTIONS, (content) => {
      assert(readWanted(content) !== undefined);
      assert(this.checks.readReport(JSON.parse(JSON.stringify(content))));
    });
    this.#workers.push(worker);
    this.offer();
    this.checks.publisher.subscribe((update) => {
      worker.demand.learn(readFileUpdate(JSON.parse(JSON.stringify(update)))!);
      return Promise.resolve();
    });
    return worker;
  }

  /** Questions about files that clients want. */
  asked(): number {
    const heads = this.fakes.flatMap(({ requestHeads }) => requestHeads);
    return heads.filter((it) => !it.includes(" /test.bin ")).length;
  }

  result(name: CheckResult): number {
    return this.checks.status!.checks[name];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.checks.close();
    for (const { demand } of this.#workers) demand.close();
    for (const fake of this.fakes) await fake[Symbol.asyncDispose]();
    assertEquals(this.errors, []);
  }
}

Deno.test("FileChecks tells in numbers what it knows", async () => {
  const recent = answering("200 OK", "", "Last-Modified: Thu, 26 Nov 2026 10:00:00 GMT");
  const files = holding({ "/f": FILE, "/g": recent });
  const others = holding({ "/g": answering("200 OK", "other") });
  await using farm = new Farm([files, others, answering("503 Busy", "")]);
  const [first, second, third] = farm.servers as [Server, Server, Server];
  farm.checks.demand.want("/f", first.id);
  farm.checks.demand.want("/g", second.id);
  await eventually(() => farm.asked() === 6 && farm.checks.demand.waiting === 0);
  assertEquals(farm.checks.status, {
    mode: "after",
    checks: { has: 3, lacks: 1, unclear: 2, unanswered: 0 },
    known: 2,
    lacking: 1,
    differing: 1,
  });
  const nothing = { lacking: 0, differing: 0, examples: [] };
  assertEquals([first, third].map(({ id }) => farm.checks.shortfallOf(id)), [nothing, nothing]);
  const { examples, ...counts } = farm.checks.shortfallOf(second.id)!;
  assertEquals([counts, examples.toSorted()], [{ lacking: 1, differing: 1 }, ["/f", "/g"]]);
  assertEquals(farm.told, [["/g", 2]]);
});

Deno.test("FileChecks counts servers that do not answer", async () => {
  await using farm = new Farm([FILE]);
  await farm.fakes[0]![Symbol.asyncDispose]();
  farm.checks.demand.want("/f", farm.servers[0]!.id);
  await eventually(() => farm.result("unanswered") === 1);
  assertEquals(farm.checks.status?.known, 0);
});

Deno.test("FileChecks asks one server for a size where nothing else is wanted, and tells nothing", async () => {
  await using farm = new Farm([FILE, answering("200 OK", "other")], { mode: "off" });
  for (const { id } of farm.servers) farm.checks.demand.want("/f", id);
  const { catalog } = farm.checks;
  await eventually(() => catalog.find("/f", Date.now()) !== undefined);
  farm.checks.demand.want("/f", farm.servers[1]!.id);
  assertEquals([farm.asked(), farm.checks.status, farm.told], [1, null, []]);
  assertEquals(farm.checks.shortfallOf(farm.servers[0]!.id), null);
});

Deno.test("FileChecks asks a server anew that comes back", async () => {
  await using farm = new Farm([FILE, holding({})]);
  const [stays, leaves] = farm.servers as [Server, Server];
  farm.checks.demand.want("/f", stays.id);
  await eventually(() => farm.result("lacks") === 1 && farm.result("has") === 1);
  farm.offer([stays]);
  assertEquals(farm.checks.status?.lacking, 0);
  farm.fakes[1]!.answer = FILE;
  farm.offer();
  farm.checks.demand.want("/f", stays.id);
  await eventually(() => farm.result("has") === 2);
  const { catalog } = farm.checks;
  assertEquals(catalog.isHolder(catalog.find("/f", Date.now())!, leaves.id), true);
});

Deno.test("FileChecks and its workers ask each question once", async () => {
  await using farm = new Farm([FILE, holding({})]);
  const [first, second] = [farm.worker(), farm.worker()];
  const holders = ({ catalog }: { catalog: WorkerFiles["catalog"] }) => {
    const row = catalog.find("/f", Date.now());
    return row === undefined ? "none" : [catalog.holders(row), catalog.lacking(row)].join();
  };
  for (let i = 0; i < 20; i++) {
    first.demand.want("/f", farm.servers[0]!.id);
    second.demand.want("/f", farm.servers[1]!.id);
  }
  await eventually(() => [first, second].every((it) => holders(it) === "1,1"));
  assertEquals(farm.asked(), 2);
  const late = farm.worker();
  assertEquals(holders(late), "none");
  late.demand.want("/f", farm.servers[0]!.id);
  await eventually(() => holders(late) === "1,1");
  assertEquals(farm.asked(), 2);
});

Deno.test("FileChecks knows how much is wanted that only its workers count", async () => {
  await using farm = new Farm([FILE, holding({})]);
  const worker = farm.worker();
  worker.demand.want("/f", farm.servers[0]!.id);
  const known = () => worker.catalog.find("/f", Date.now());
  await eventually(() => known() !== undefined && worker.catalog.answered(known()!) === 2);
  worker.catalog.want(known()!, 1000);
  const wanted = () => farm.checks.catalog.wanted(farm.checks.catalog.find("/f", Date.now())!);
  for (let i = 0; i < 3; i++) {
    worker.demand.want("/f", farm.servers[0]!.id);
    await worker.demand.find("/f", 1);
  }
  await eventually(() => wanted() >= 500); // It may have been halved meanwhile.
  assert(wanted() < 1100, `${wanted()}`);
});

Deno.test("FileChecks lets the clients of a worker that begins late go on at once, though a server does not answer", async () => {
  await using farm = new Farm([FILE, FILE]);
  await farm.fakes[1]![Symbol.asyncDispose]();
  farm.checks.demand.want("/f", farm.servers[0]!.id);
  await eventually(() => farm.result("has") === 1 && farm.result("unanswered") > 0);
  const late = farm.worker();
  await late.demand.find("/f", 30_000);
  const { catalog } = late;
  assertEquals(catalog.isHolder(catalog.find("/f", Date.now())!, farm.servers[0]!.id), true);
});

Deno.test("FileChecks tells a worker when all servers lack a target that a client waits for", async () => {
  await using farm = new Farm([holding({}), holding({})]);
  const worker = farm.worker();
  await worker.demand.find("/f", 30_000);
  const row = worker.catalog.find("/f", Date.now())!;
  assertEquals(worker.catalog.lacking(row), 2);
  assertEquals(farm.checks.readReport({ redirects: {} }), false);
});

Deno.test("fileChecks() makes nothing where nothing is to be asked", () => {
  const values = {
    "check-files": "off",
    "check-rate": 50,
    "check-expiry": 1000,
    "check-timeout": 1000,
    "probe-path": "/test.bin",
  } as const;
  const make = (mode: "off" | "after", wantsSizes: boolean) => {
    const checks = fileChecks({ ...values, "check-files": mode }, wantsSizes, () => {}, () => {});
    checks?.close();
    return checks !== undefined;
  };
  assertEquals([make("off", false), make("off", true), make("after", false)], [false, true, true]);
});
