import { assert, assertEquals } from "@std/assert";
import { LineWriter, lostRecord, lostText } from "../../lib/log/line_writer.ts";
import { Logger, LogThrottle } from "../../lib/log/logger.ts";
import { MemorySink } from "../support/memory_sink.ts";

const NOW = Date.UTC(2026, 10, 22, 8, 22, 53, 999);
const TIME = "2026-11-22T08:22:53.999Z";

/** What is logged in lines of text, and in lines of JSON. */
async function saidBy(act: (logger: Logger) => void): Promise<{ text: string[]; json: string[] }> {
  const [text, json] = await Promise.all([false, true].map(async (isJson) => {
    const sink = new MemorySink();
    const logger = new Logger("balancer", isJson, () => NOW, new LineWriter(sink));
    act(logger);
    await logger[Symbol.asyncDispose]();
    return sink.text.split("\n").slice(0, -1);
  }));
  return { text: text!, json: json! };
}

/** The same with the lines of JSON as values. */
async function readBy(act: (logger: Logger) => void) {
  const { text, json } = await saidBy(act);
  return { text, json: json.map((line): unknown => JSON.parse(line)) };
}

Deno.test("Logger writes words after the role's name, or the record after the time", async () => {
  const log = ({ info }: Logger) => {
    info("a:1 is out", { event: "out", server: "a:1" });
    info("testing 3 servers");
  };
  assertEquals(await readBy(log), {
    text: ["balancer: a:1 is out", "balancer: testing 3 servers"],
    json: [
      { time: TIME, event: "out", server: "a:1" },
      { time: TIME, event: "notice", message: "testing 3 servers" },
    ],
  });
});

Deno.test("Logger.error() says what was thrown, whatever it is", async () => {
  for (const thrown of [new TypeError("a bug"), "a bug"]) {
    const { text, json } = await readBy((logger) => logger.error(thrown));
    const [name, stack] = thrown instanceof Error ? ["TypeError", thrown.stack] : ["string"];
    const frames = stack?.split(/\n +/).slice(1).map((frame) => ` | ${frame}`).join("") ?? "";
    const error = { name, message: "a bug", ...(stack !== undefined && { stack }) };
    assertEquals({ text, json }, {
      text: [`balancer: a bug | ${name}${frames}`],
      json: [{ time: TIME, event: "error", message: "a bug", error }],
    });
  }
});

Deno.test("Logger.error() logs 20 errors a minute, and how many more there were", async () => {
  const sink = new MemorySink();
  let now = NOW;
  {
    await using logger = new Logger("server", true, () => now, new LineWriter(sink));
    for (let i = 0; i < 25; i++) logger.error(i, { client: "a", request: `GET /${i}` });
    now += 60_000;
    logger.error("last");
  }
  const records = sink.text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  assertEquals(records.length, 21);
  assertEquals([records[19].request, records[20].message], ["GET /19", "last"]);
  assertEquals(records.map(({ more }) => more), [...Array(20), 5]);
});

Deno.test("Logger.relay() says what a worker said as it is, and else as their own", async () => {
  const own = { text: "balancer: a", json: `{"time":"${TIME}","event":"x"}` };
  const { text, json } = await saidBy(({ relay }) => {
    relay(`${own.text}\n${own.json}`);
    relay("panicked\x1b");
  });
  assertEquals(text, [own.text, `balancer: ${own.json}`, "balancer: panicked\\x1B"]);
  assertEquals(json[1], own.json);
  assertEquals([json[0], json[2]].map((line) => JSON.parse(line!).message), [
    own.text,
    "panicked\x1b",
  ]);
});

Deno.test("Logger escape what steers a terminal or ends a line, JSON in its own way", async () => {
  const hostile = 'a\nb\x1b[2J"→\x7f\x9b\u2028\u202e';
  const { text, json } = await saidBy(({ info }) => info(hostile));
  assertEquals(text, ['balancer: a\\x0Ab\\x1B[2J"→\\x7F\\x9B\\u2028\\u202e']);
  assertEquals(json.length, 1);
  assert(!/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(json[0]!), json[0]);
  assertEquals(JSON.parse(json[0]!), { time: TIME, event: "notice", message: hostile });
});

Deno.test("Logger write numbers of records with as many decimals as mean something", async () => {
  const third = 1 / 3;
  const record = { event: "x", ms: 1234 + third, n: 7, of: [{ share: third, elapsedMs: third }] };
  const { json } = await readBy(({ info }) => info("x", record));
  const of = [{ share: 0.333333, elapsedMs: 0.333 }];
  assertEquals(json, [{ time: TIME, event: "x", ms: 1234.333, n: 7, of }]);
});

Deno.test("Logger begin each line of JSON with its event's time, then the event", async () => {
  const sink = new MemorySink();
  let now = NOW;
  {
    await using logger = new Logger("server", true, () => now, new LineWriter(sink));
    logger.info("a", { event: "x", b: 1 });
    now++;
    logger.info("b", { event: "y" });
  }
  assertEquals(sink.text.split("\n"), [
    `{"time":"${TIME}","event":"x","b":1}`,
    '{"time":"2026-11-22T08:22:54.000Z","event":"y"}',
    "",
  ]);
});

Deno.test("Logger say what a sink that failed has lost, once it takes again, in their own form", async () => {
  const reason = "No space left on device";
  for (const isJson of [false, true]) {
    const sink = new MemorySink(Infinity, { 0: new Error(`${reason} (os error 28)`) });
    const lines = new LineWriter(sink);
    const logger = new Logger("server", isJson, () => NOW, lines);
    logger.info("first");
    await logger.flush();
    for (const text of ["x".repeat(1024 * 1024), "lost", "lost"]) logger.info(text);
    await logger[Symbol.asyncDispose]();
    const last = sink.text.split("\n").at(-2)!;
    const lost = { count: 2, reason };
    if (!isJson) assertEquals(last, `server: ${lostText(lost)}`);
    else assertEquals(JSON.parse(last), { time: TIME, ...lostRecord(lost) });
  }
});

Deno.test("Logger say how much a reader has left, once it takes again", async () => {
  const LONG = "x".repeat(64 * 1024);
  for (const ending of ["with more", "without more"]) {
    const gate = Promise.withResolvers<void>();
    const sink = new MemorySink(Infinity, {}, gate.promise);
    const lines = new LineWriter(sink);
    const logger = new Logger("balancer", false, () => NOW, lines);
    for (let i = 0; i < 1000 && !lines.isFull; i++) logger.info(LONG);
    for (let i = 0; i < 3; i++) logger.info("lost");
    gate.resolve();
    if (ending === "with more") {
      await lines.flush(60_000);
      logger.info("heard");
    }
    await logger[Symbol.asyncDispose]();
    const last = sink.text.split("\n").filter((line) => !line.includes(LONG));
    assertEquals(last, [
      "balancer: 3 lines of this were not taken by its reader",
      ...(ending === "with more" ? ["balancer: heard"] : []),
      "",
    ]);
  }
});

Deno.test("LogThrottle logs so many messages an interval, whatever the clock does", () => {
  const logged: unknown[][] = [];
  const two = new LogThrottle((...it) => logged.push(it), 100, 2);
  for (const epochMs of [0, 1, 2, 3, 100, 50]) two.info(`at ${epochMs}`, epochMs, { epochMs });
  const one = new LogThrottle((...it) => logged.push(it), 100);
  for (const epochMs of [0, 1, 99, 100, 250]) one.info(`at ${epochMs}`, epochMs);
  assertEquals(logged, [
    ["at 0", { epochMs: 0 }],
    ["at 1", { epochMs: 1 }],
    ["at 100 (and 2 more before)", { epochMs: 100, more: 2 }],
    ["at 50", { epochMs: 50 }],
    ["at 0"],
    ["at 100 (and 2 more before)"],
    ["at 250"],
  ]);
});
