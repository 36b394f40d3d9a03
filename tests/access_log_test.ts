import { assert, assertEquals } from "@std/assert";
import { formatAccess } from "../lib/access_event.ts";
import { AccessLog, type LogSink } from "../lib/access_log.ts";
import { run } from "./support/process.ts";
import { EVENT as event, LINE as line } from "./support/access_event.ts";

/** Takes so many octets a write, or fails; waits before each if it is told to. */
class MemorySink implements LogSink {
  text = "";
  writes = 0;
  readonly #decoder = new TextDecoder();

  constructor(
    readonly most = Infinity,
    readonly errors: Readonly<Record<number, Error>> = {},
    readonly wait: Promise<void> = Promise.resolve(),
  ) {}

  async write(octets: Uint8Array): Promise<number> {
    const error = this.errors[this.writes++];
    await this.wait;
    if (error !== undefined) throw error;
    const taken = octets.subarray(0, this.most);
    this.text += this.#decoder.decode(taken, { stream: true });
    return taken.length;
  }
}

const LONG_MS = 60_000;

Deno.test("AccessLog writes nothing before a flush and all in one write after it", async () => {
  const sink = new MemorySink();
  const log = new AccessLog("common", sink);
  log.record(event);
  log.record(event);
  assertEquals(sink.writes, 0);
  await log.flush(LONG_MS);
  await log.flush(LONG_MS);
  assertEquals([sink.text, sink.writes], [`${line}\n${line}\n`, 1]);
});

Deno.test("AccessLog writes by itself after a while", async () => {
  const keepAlive = setInterval(() => {}, 1000);
  const written = await new Promise((resolve) => {
    const write = (octets: Uint8Array) => {
      resolve(new TextDecoder().decode(octets));
      return Promise.resolve(octets.length);
    };
    new AccessLog("common", { write }).record(event);
  });
  clearInterval(keepAlive);
  assertEquals(written, `${line}\n`);
});

Deno.test("AccessLog goes on after short writes", async () => {
  const sink = new MemorySink(7);
  const log = new AccessLog("json", sink);
  const requestLine = "é→😀".repeat(100);
  log.record({ ...event, requestLine });
  await log.flush(LONG_MS);
  assertEquals(JSON.parse(sink.text).requestLine, requestLine);
});

Deno.test("AccessLog drops what a stalled sink does not take, and no more", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sink = new MemorySink(Infinity, {}, promise);
  const log = new AccessLog("common", sink);
  log.record(event);
  await log.flush(1);
  assertEquals([sink.writes, sink.text], [1, ""]);
  const most = Math.ceil(1024 * 1024 / line.length);
  for (let i = 0; i < most + 5; i++) log.record(event);
  assert(log.dropped >= 5, `${log.dropped}`);
  resolve();
  await log.flush(LONG_MS);
  assertEquals(sink.text.split("\n").length - 1, 1 + most + 5 - log.dropped);
});

Deno.test("AccessLog stops for good when its sink fails", async () => {
  const sinks = [new MemorySink(7, { 2: new Deno.errors.BrokenPipe("closed") }), new MemorySink(0)];
  for (const sink of sinks) {
    const log = new AccessLog("common", sink);
    log.record(event);
    await log.flush(LONG_MS);
    const { writes } = sink;
    log.record(event);
    await log.flush(LONG_MS);
    assertEquals(sink.writes, writes);
  }
});

Deno.test("AccessLog records nothing in the format none", async () => {
  const sink = new MemorySink();
  const log = new AccessLog("none", sink);
  log.record(event);
  await log.flush(LONG_MS);
  assertEquals(sink.writes, 0);
});

Deno.test("AccessLog does not wait with many lines, so that none of a burst is dropped", async () => {
  const sink = new MemorySink();
  const log = new AccessLog("common", sink);
  const count = 40_000;
  for (let i = 0; i < count; i++) {
    log.record(event);
    if (i % 1000 === 0) await Promise.resolve();
  }
  await log.flush(LONG_MS);
  assertEquals([log.dropped, sink.text.split("\n").length - 1], [0, count]);
});

Deno.test("AccessLog keeps no process alive", async () => {
  const module = JSON.stringify(import.meta.resolve("../lib/access_log.ts"));
  const source = `import { AccessLog } from ${module};
    new AccessLog("common", Deno.stdout).record(${JSON.stringify(event)});`;
  const { code, stdout } = await run(Deno.execPath(), ["eval", "--quiet", source]);
  assertEquals([code, stdout], [0, ""]);
});

Deno.test("AccessLog tells whom clients were sent to where it was told to", async () => {
  const chosen = "web1:8000";
  for (const format of ["common", "combined", "json"] as const) {
    for (const namesChosen of [true, false]) {
      const sink = new MemorySink();
      const log = new AccessLog(format, sink, namesChosen);
      log.record({ ...event, chosen });
      log.record(event);
      await log.flush(LONG_MS);
      const lines = [{ ...event, chosen }, event].map((it) =>
        formatAccess(it, format, namesChosen)
      );
      assertEquals(sink.text, `${lines.join("\n")}\n`);
      assertEquals(sink.text.includes(chosen), namesChosen);
    }
  }
});

Deno.test("AccessLog.append() adds a line as it is in its turn, whatever the format", async () => {
  for (const format of ["common", "none"] as const) {
    const sink = new MemorySink();
    const log = new AccessLog(format, sink);
    log.record(event);
    log.append("\x1e→");
    log.record(event);
    assertEquals(sink.writes, 0);
    await log.flush(LONG_MS);
    assertEquals(sink.text, format === "none" ? "\x1e→\n" : `${line}\n\x1e→\n${line}\n`);
  }
});

Deno.test("AccessLog.append() adds a line where others are dropped, and none to a dead sink", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sink = new MemorySink(Infinity, { 1: new Deno.errors.BrokenPipe() }, promise);
  const log = new AccessLog("common", sink);
  log.record(event);
  await log.flush(1);
  while (log.dropped === 0) log.record(event);
  log.append("report");
  resolve();
  await log.flush(LONG_MS);
  assertEquals([sink.writes, sink.text], [2, `${line}\n`]);
  log.append("report");
  await log.flush(LONG_MS);
  assertEquals(sink.writes, 2);
});
