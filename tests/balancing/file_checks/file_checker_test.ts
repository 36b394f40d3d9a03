import { assert, assertEquals } from "@std/assert";
import { FileCatalog } from "../../../lib/balancing/file_checks/file_catalog.ts";
import {
  FileChecker,
  type FileCheckerOptions,
  type Unanswered,
} from "../../../lib/balancing/file_checks/file_checker.ts";
import type { FileAnswer } from "../../../lib/balancing/file_checks/file_version.ts";
import { seededRandom } from "../../support/random.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

const [A, B, C, D, E] = [1, 2, 3, 4, 5] as const;
const SERVERS: readonly number[] = [A, B, C, D, E];
const NAMES = "-abcde";
const MINUTE = 60_000;
const HAS: FileAnswer = { kind: "has", version: { bytes: 7 } };
const LACKS: FileAnswer = { kind: "lacks" };

type Answer = FileAnswer | Unanswered;

/** Servers that are asked by a checker, on a clock that is only a number. */
class Trial {
  readonly clock = new VirtualClock();
  readonly catalog = new FileCatalog({ expiryMs: 10 * MINUTE, random: seededRandom(1) });
  /** `server target` in the order of the questions. */
  readonly asked: string[] = [];
  readonly errors: unknown[] = [];
  /** What servers answer; a number is how many ms later. */
  answer: (server: number, target: string, isDoubted: boolean) => Answer | Promise<Answer> = () =>
    HAS;
  readonly checker: FileChecker;

  constructor(options: Partial<FileCheckerOptions> = {}, servers = SERVERS) {
    this.checker = new FileChecker({
      catalog: this.catalog,
      ask: async (server, target, isDoubted) => {
        this.asked.push(`${NAMES[server]} ${target}${isDoubted ? " doubted" : ""}`);
        return await this.answer(server, target, isDoubted);
      },
      rate: 10,
      isOneEnough: false,
      clock: this.clock.read,
      epochMs: this.clock.read,
      schedule: this.clock.schedule,
      onError: (error) => this.errors.push(error),
      ...options,
    });
    this.checker.setServers(servers);
  }

  holders(target: string): number[] {
    const row = this.catalog.find(target, this.clock.read());
    return row === undefined ? [] : SERVERS.filter((id) => this.catalog.isHolder(row, id));
  }
}

Deno.test("FileChecker.want() asks the chosen server, then the others in turn", async () => {
  const trial = new Trial();
  trial.checker.want("/f", C);
  await trial.clock.advance(0);
  assertEquals(trial.asked, ["c /f"]);
  await trial.clock.advance(1000);
  assertEquals(trial.asked, ["c /f", "d /f", "e /f", "a /f", "b /f"]);
  assertEquals(trial.holders("/f"), SERVERS);
  trial.checker.want("/f", C);
  await trial.clock.advance(1000);
  assertEquals([trial.asked.length, trial.checker.waiting], [5, 0]);
});

Deno.test("FileChecker.isAsking() is false once all have answered that do not rest", async () => {
  const states: boolean[] = [];
  const trial: Trial = new Trial({
    onAnswer: (target) => states.push(trial.checker.isAsking(target)),
  });
  trial.answer = (server) => server === B || server === E ? { kind: "unanswered" } : HAS;
  assertEquals(trial.checker.isAsking("/f"), false);
  trial.checker.want("/f", A);
  assertEquals(trial.checker.isAsking("/f"), true);
  await trial.clock.advance(800);
  assertEquals([trial.asked.join(), states], ["a /f,b /f,c /f,d /f,e /f", [
    ...[true, true, true, true, false],
  ]]);
  trial.answer = () => HAS;
  await trial.clock.advance(1000);
  assertEquals([states.slice(5), trial.checker.isAsking("/f")], [[false, false], false]);
});

Deno.test("FileChecker asks no more than its rate allows", async () => {
  const trial = new Trial({ rate: 50 });
  for (let second = 1; second <= 5; second++) {
    for (let i = 0; i < 2000; i++) trial.checker.want(`/${second}/${i}`, SERVERS[i % 5]!);
    await trial.clock.advance(1000);
    const most = second * 50 + 5;
    assert(trial.asked.length <= most && trial.asked.length >= most - 10, `${trial.asked.length}`);
  }
});

Deno.test("FileChecker asks a server one question at a time, and a target of three at once", async () => {
  const trial = new Trial({ rate: 1000 });
  trial.answer = () => new Promise(() => {});
  trial.checker.want("/f", A);
  trial.checker.want("/g", A);
  trial.checker.want("/h", A);
  await trial.clock.advance(1000);
  assertEquals(trial.asked.toSorted(), ["a /f", "b /f", "c /f", "d /g", "e /g"]);
});

Deno.test("FileChecker asks about the most wanted targets first", async () => {
  const trial = new Trial({ rate: 1 });
  trial.checker.want("/first", A);
  for (let i = 0; i < 3; i++) trial.checker.want(`/rare/${i}`, A);
  for (let i = 0; i < 5; i++) trial.checker.want("/wanted", A);
  await trial.clock.advance(1500);
  assertEquals(trial.asked.slice(0, 2), ["a /first", "a /wanted"]);
});

Deno.test("FileChecker looks for a first server of each target before the others", async () => {
  const trial = new Trial({ rate: 10 });
  for (let i = 0; i < 3; i++) trial.checker.want("/wanted", A);
  trial.checker.want("/rare", B);
  await trial.clock.advance(150);
  assertEquals(trial.asked, ["a /wanted", "b /rare"]);
});

Deno.test("FileChecker asks again what is about to expire, while it is wanted", async () => {
  const trial = new Trial({ rate: 100 });
  trial.answer = (server) => server === B ? LACKS : HAS;
  trial.checker.want("/f", A);
  for (let second = 0; second < 3600; second++) {
    await trial.clock.advance(1000);
    trial.checker.want("/f", A);
    if (second > 0) assertEquals(trial.holders("/f"), [A, C, D, E]);
  }
  const { length } = trial.asked;
  const ofB = trial.asked.filter((it) => it === "b /f").length;
  assert(ofB >= 60 && ofB <= 125 && length - ofB >= 24 && length - ofB <= 56, `${ofB} ${length}`);
  await trial.clock.advance(60 * MINUTE);
  assertEquals(trial.asked.length - length <= 5, true);
  assertEquals(trial.holders("/f"), []);
});

Deno.test("FileChecker leaves a server alone that does not answer, and asks it again later", async () => {
  const trial = new Trial({ rate: 100 }, [A, B]);
  trial.answer = (server) => ({ kind: server === A ? "unanswered" : "has", version: {} });
  const times: number[] = [];
  for (let i = 0; i < 1300; i++) {
    const before = trial.asked.filter((it) => it.startsWith("a ")).length;
    trial.checker.want("/f", A);
    await trial.clock.advance(100);
    if (trial.asked.filter((it) => it.startsWith("a ")).length > before) times.push(i / 10);
  }
  assertEquals(times.map(Math.round), [0, 1, 3, 7, 15, 31, 63, 123]);
  trial.checker.setServers([B]);
  trial.checker.setServers([A, B]);
  trial.answer = () => HAS;
  trial.checker.want("/f", A);
  await trial.clock.advance(100);
  assertEquals(trial.holders("/f"), [A, B]);
});

Deno.test("FileChecker asks a server anew that was away", async () => {
  const trial = new Trial({ rate: 100 });
  trial.checker.want("/f", A);
  await trial.clock.advance(1000);
  trial.checker.setServers([B, C, D, E]);
  assertEquals(trial.holders("/f"), [B, C, D, E]);
  trial.checker.want("/f", B);
  await trial.clock.advance(1000);
  assertEquals(trial.asked.length, 5);
  trial.checker.setServers(SERVERS);
  trial.answer = () => LACKS;
  trial.checker.want("/f", B);
  await trial.clock.advance(1000);
  assertEquals([trial.asked.slice(5), trial.holders("/f")], [["a /f"], [B, C, D, E]]);
});

Deno.test("FileChecker.want() asks a server again that a client doubts", async () => {
  const trial = new Trial({ rate: 100 });
  trial.checker.want("/f", A);
  await trial.clock.advance(1000);
  trial.answer = (server, _, isDoubted) => server === A && isDoubted ? LACKS : HAS;
  trial.checker.want("/f", A, true);
  await trial.clock.advance(1000);
  assertEquals(trial.asked.slice(5), ["a /f doubted"]);
  assertEquals(trial.holders("/f"), [B, C, D, E]);
});

Deno.test("FileChecker.find() waits for the first server that has the target", async () => {
  const trial = new Trial({ rate: 100 });
  trial.answer = (server) => server === D ? HAS : LACKS;
  let isFound = false;
  const finding = trial.checker.find("/f", 1000).then(() => isFound = true);
  await trial.clock.advance(35);
  assertEquals([isFound, trial.holders("/f")], [true, [D]]);
  await finding;
});

Deno.test("FileChecker.find() ends when all lack the target, or when time is over", async () => {
  const trial = new Trial({ rate: 100 });
  trial.answer = () => LACKS;
  const finding = trial.checker.find("/f", 1000);
  await trial.clock.advance(100);
  await finding;
  assertEquals(trial.asked.length, 5);
  trial.answer = () => new Promise(() => {});
  let isOver = false;
  const late = trial.checker.find("/g", 1000).then(() => isOver = true);
  await trial.clock.advance(999);
  assertEquals(isOver, false);
  await trial.clock.advance(1);
  await late;
  assertEquals(trial.asked.slice(5).length, 3);
});

Deno.test("FileChecker.find() waits for two more answers, which may be other versions", async () => {
  const trial = new Trial({ rate: 1000 });
  trial.answer = async (server) => {
    await new Promise<void>((resolve) => trial.clock.schedule(resolve, server === A ? 5 : 25));
    const version = server === A ? { bytes: 6, lastModified: 1 } : { bytes: 7, lastModified: 2 };
    return { kind: "has", version };
  };
  const found: number[][] = [];
  const find = async () => {
    await trial.checker.find("/f", 1000);
    found.push(trial.holders("/f"));
  };
  const first = find();
  await trial.clock.advance(10);
  assertEquals([trial.holders("/f"), found], [[A], []]);
  const second = find();
  await trial.clock.advance(14);
  assertEquals(found, []);
  await trial.clock.advance(1);
  await Promise.all([first, second]);
  assertEquals(found, [[B, C], [B, C]]);
});

Deno.test("FileChecker.find() waits 100 ms at most for questions that the rate does not allow", async () => {
  const trial = new Trial({ rate: 1 });
  let isFound = false;
  const finding = trial.checker.find("/f", 1000).then(() => isFound = true);
  await trial.clock.advance(99);
  assertEquals([isFound, trial.holders("/f")], [false, [A]]);
  await trial.clock.advance(1);
  await finding;
});

Deno.test("FileChecker.find() waits 100 ms at most for servers that hang, once one has the target", async () => {
  const trial = new Trial({ rate: 1000 });
  trial.answer = (server) => server === A ? HAS : new Promise(() => {});
  let isFound = false;
  const finding = trial.checker.find("/f", 1000).then(() => isFound = true);
  await trial.clock.advance(99);
  assertEquals([isFound, trial.holders("/f"), trial.asked.length], [false, [A], 4]);
  await trial.clock.advance(1);
  await finding;
});

Deno.test("FileChecker.find() does not wait for more answers than there can be", async () => {
  const trial = new Trial({ rate: 1000 }, [A, B]);
  trial.answer = (server) => server === A ? HAS : { kind: "unanswered" };
  await trial.checker.find("/f", 1000);
  // Now B is left alone for a second.
  await trial.checker.find("/g", 1000);
  assertEquals([trial.clock.read(), trial.holders("/g")], [0, [A]]);
  assertEquals(trial.asked, ["a /f", "b /f", "a /g"]);
});

Deno.test("FileChecker.find() can wait for the answers of all servers", async () => {
  const trial = new Trial({ rate: 10 });
  let isFound = false;
  const finding = trial.checker.find("/f", 5000, true).then(() => isFound = true);
  await trial.clock.advance(250);
  assertEquals([isFound, trial.holders("/f").length < 5], [false, true]);
  await trial.clock.advance(500);
  await finding;
  assertEquals(trial.holders("/f"), SERVERS);
});

Deno.test("FileChecker.find() is before what no client waits for", async () => {
  const trial = new Trial({ rate: 1 });
  trial.checker.want("/first", A);
  for (let i = 0; i < 9; i++) trial.checker.want("/wanted", A);
  const finding = trial.checker.find("/f", 5000);
  await trial.clock.advance(1000);
  assertEquals(trial.asked.map((it) => it.slice(2)), ["/first", "/f"]);
  await trial.clock.advance(100);
  await finding;
});

Deno.test("FileChecker asks one server about a target where one answer is enough", async () => {
  const trial = new Trial({ rate: 100, isOneEnough: true });
  trial.checker.want("/f", B);
  await trial.clock.advance(1000);
  trial.checker.want("/f", C);
  await trial.clock.advance(1000);
  assertEquals([trial.asked, trial.checker.waiting], [["b /f"], 0]);
});

Deno.test("FileChecker goes on after a question that fails for a mistake of ours", async () => {
  const trial = new Trial({ rate: 100 });
  trial.answer = (server) => server === A ? Promise.reject(new Error("a bug")) : HAS;
  trial.checker.want("/f", A);
  await trial.clock.advance(500);
  assertEquals([trial.errors.length, trial.holders("/f")], [1, [B, C, D, E]]);
});

Deno.test("FileChecker answers wanted targets in a flood of targets that nobody asks for again", async () => {
  const trial = new Trial({ rate: 50 });
  trial.answer = (_, target) => target.startsWith("/real") ? HAS : LACKS;
  const random = seededRandom(7);
  for (let ms = 0; ms < 10_000; ms += 10) {
    for (let i = 0; i < 100; i++) trial.checker.want(`/random/${random()}`, SERVERS[i % 5]!);
    // Twenty real targets, each wanted about twice a second.
    if (random() < 0.4) trial.checker.want(`/real/${Math.floor(random() * 20)}`, A);
    await trial.clock.advance(10);
  }
  const known = Array.from({ length: 20 }, (_, i) => trial.holders(`/real/${i}`).length);
  assertEquals(known, known.map(() => SERVERS.length));
  assert(trial.asked.length <= 10 * 50 + 5);
});

Deno.test("FileChecker.close() lets waiting clients go on, and asks no more", async () => {
  const trial = new Trial({ rate: 1 });
  trial.checker.want("/first", A);
  const finding = trial.checker.find("/f", 10 * MINUTE);
  trial.checker.close();
  await finding;
  trial.checker.want("/g", A);
  await trial.checker.find("/h", 1000);
  await trial.clock.advance(MINUTE);
  assertEquals(trial.asked, ["a /first"]);
});

Deno.test("FileChecker.want() asks again about a target that all lack", async () => {
  const trial = new Trial({ rate: 100 });
  trial.answer = () => LACKS;
  trial.checker.want("/f", A);
  await trial.clock.advance(1000);
  trial.answer = (server) => server === D ? HAS : LACKS; // It was uploaded there.
  const asked: number[] = [];
  for (let second = 1; second < 60 && trial.holders("/f").length === 0; second++) {
    trial.checker.want("/f", undefined);
    await trial.clock.advance(1000);
    asked.push(trial.asked.length);
  }
  assertEquals(trial.holders("/f"), [D]);
  assert(asked.length >= 15 && asked.length <= 31, `found after ${asked.length} s`);
  assertEquals(asked[0], 5);
});

Deno.test("FileChecker.want() heeds few doubts, which any client can have", async () => {
  const trial = new Trial({ rate: 50 });
  trial.checker.want("/popular", A, false, 1000);
  await trial.clock.advance(1000);
  for (let i = 0; i < 1000; i++) {
    trial.checker.want("/popular", SERVERS[i % 5]!, true);
    await trial.clock.advance(10);
    if (i % 50 === 0) trial.checker.want(`/rare/${i}`, A);
  }
  const doubted = trial.asked.filter((it) => it.endsWith("doubted")).length;
  assert(doubted >= 40 && doubted <= 56, `${doubted}`);
  assertEquals(trial.holders("/rare/0"), SERVERS);
});

Deno.test("FileChecker.find() waits for no server that rests", async () => {
  const trial = new Trial({ rate: 100 }, [A, B]);
  trial.answer = (server) => server === A ? LACKS : { kind: "unanswered" };
  let waited = 0;
  for (let i = 0; i < 10; i++) {
    const before = trial.clock.read();
    const finding = trial.checker.find("/f", 1000).then(() =>
      waited += trial.clock.read() - before
    );
    await trial.clock.advance(100);
    await finding;
  }
  assert(waited <= 100, `${waited} ms in all`);
});

Deno.test("FileChecker.find() takes no backup for the first server that has the target", async () => {
  const trial = new Trial({ rate: 100 });
  trial.checker.setServers(SERVERS, new Set([A, B]));
  const late = Promise.withResolvers<Answer>();
  trial.answer = (server) =>
    server === A || server === B ? HAS : server === D ? late.promise : LACKS;
  let isFound = false;
  const finding = trial.checker.find("/f", 1000).then(() => isFound = true);
  await trial.clock.advance(500);
  assertEquals([isFound, trial.holders("/f")], [false, [A, B]]);
  late.resolve(LACKS); // Now only backups are left.
  await finding;
});

Deno.test("FileChecker answers wanted targets in a flood of clients that wait for other ones", async () => {
  for (const isThorough of [false, true]) {
    const trial = new Trial({ rate: 50 });
    trial.answer = (_, target) => target.startsWith("/real") ? HAS : LACKS;
    const random = seededRandom(9);
    for (let ms = 0; ms < 20_000; ms += 10) {
      for (let i = 0; i < 100; i++) {
        void trial.checker.find(`/random/${random()}`, 1000, isThorough);
      }
      if (random() < 0.4) {
        const target = `/real/${Math.floor(random() * 20)}`;
        if (trial.holders(target).length > 0) trial.checker.want(target, A);
        else void trial.checker.find(target, 1000);
      }
      await trial.clock.advance(10);
    }
    const known = Array.from({ length: 20 }, (_, i) => trial.holders(`/real/${i}`).length);
    assert(known.every((count) => count > 0), `${known}`);
    assert(trial.asked.length <= 20 * 50 + 5, `${trial.asked.length}`);
    assert(trial.checker.waiting <= 1024, `${trial.checker.waiting}`);
    trial.checker.close();
  }
});

Deno.test("FileChecker.find() asks one server for each client before it asks more for one", async () => {
  const trial = new Trial({ rate: 10 });
  trial.answer = () => new Promise(() => {});
  trial.checker.want("/first", A);
  for (const target of ["/f", "/g", "/h"]) void trial.checker.find(target, 1000);
  await trial.clock.advance(350);
  assertEquals(trial.asked.map((it) => it.slice(2)), ["/first", "/f", "/g", "/h"]);
  await trial.clock.advance(100);
  assertEquals(trial.asked.length, 5);
});
