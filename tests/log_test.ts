import { assert, assertEquals } from "@std/assert";
import {
  type AccessEvent,
  AccessLog,
  escapeControls,
  formatAccess,
  type LogSink,
} from "../lib/log.ts";

const event: AccessEvent = {
  at: Date.UTC(2026, 10, 22, 8, 22, 53, 999),
  client: "127.0.0.1",
  requestLine: "GET / HTTP/1.1",
  statusCode: 200,
  contentBytes: 1234,
  elapsedMs: 1.23456,
};

const line = '127.0.0.1 - - [22/Nov/2026:08:22:53 +0000] "GET / HTTP/1.1" 200 1234';

Deno.test("formatAccess() writes the Common Log Format in UTC", () => {
  assertEquals(formatAccess(event, "common"), line);
});

Deno.test("formatAccess() writes each second's time, also when time goes back", () => {
  const times: [at: number, time: string][] = [
    [Date.UTC(2026, 11, 31, 23, 59, 59, 0), "31/Dec/2026:23:59:59 +0000"],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), "31/Dec/2026:23:59:59 +0000"],
    [Date.UTC(2027, 0, 1), "01/Jan/2027:00:00:00 +0000"],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 500), "31/Dec/2026:23:59:59 +0000"],
    [0, "01/Jan/1970:00:00:00 +0000"],
  ];
  for (const [at, time] of times) {
    assertEquals(formatAccess({ ...event, at }, "common").slice(15, 41), time);
  }
});

Deno.test("formatAccess() escapes untrusted text in the Common Log Format", () => {
  const cases: [requestLine: string, logged: string][] = [
    ["", '"-"'],
    ["GET /~a!#[]^` HTTP/1.1", '"GET /~a!#[]^` HTTP/1.1"'],
    ['a" 200 0\n', '"a\\x22 200 0\\x0A"'],
    ["\\x41", '"\\x5Cx41"'],
    ["\0\t\r\x1b[2J\x7f", '"\\x00\\x09\\x0D\\x1B[2J\\x7F"'],
    ["\x80\x9b\xe9\xff", '"\\x80\\x9B\\xE9\\xFF"'],
    ["→", '"\\xE2\\x86\\x92"'],
    ["😀", '"\\xF0\\x9F\\x98\\x80"'],
  ];
  for (const [requestLine, logged] of cases) {
    const formatted = formatAccess({ ...event, requestLine }, "common");
    assertEquals(formatted, line.replace('"GET / HTTP/1.1"', () => logged));
  }
});

Deno.test("formatAccess() writes JSON with every member", () => {
  assertEquals<unknown>(JSON.parse(formatAccess(event, "json")), {
    time: "2026-11-22T08:22:53.999Z",
    client: "127.0.0.1",
    requestLine: "GET / HTTP/1.1",
    statusCode: 200,
    contentBytes: 1234,
    elapsedMs: 1.235,
  });
});

Deno.test("formatAccess() writes JSON in one line without control characters", () => {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  const requestLine = String.fromCharCode(...codes, 0x2028, 0x2029);
  const formatted = formatAccess({ ...event, requestLine }, "json");
  assert(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(formatted), formatted);
  assertEquals(JSON.parse(formatted).requestLine, requestLine);
});

Deno.test("escapeControls() escapes what steers a terminal and nothing else", () => {
  const cases: [text: string, escaped: string][] = [
    ["301 Moved → http://é/😀\\", "301 Moved → http://é/😀\\"],
    ["a\r\nb\x1b[31m\x7f\x9b", "a\\x0D\\x0Ab\\x1B[31m\\x7F\\x9B"],
    ["a\u2028b\u202ec", "a\\u2028b\\u202ec"],
  ];
  for (const [text, escaped] of cases) assertEquals(escapeControls(text), escaped);
});

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

/** What a process that runs the code prints, read to its end. */
async function run(code: string) {
  const log = JSON.stringify(import.meta.resolve("../lib/log.ts"));
  const source = `import { AccessLog, print, say } from ${log};\n${code}`;
  const process = new Deno.Command(Deno.execPath(), { args: ["eval", "--quiet", source] });
  const { code: status, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { status, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("say() writes one line to standard error and print() text to standard output", async () => {
  assertEquals(await run(`say("a\\nb → c"); print("d\\ne");`), {
    status: 0,
    stdout: "d\ne\n",
    stderr: "a\\x0Ab → c\n",
  });
});

Deno.test("say() and print() tolerate a closed pipe", async () => {
  const log = JSON.stringify(import.meta.resolve("../lib/log.ts"));
  const source = `import { print, say } from ${log};
    await Deno.stdin.read(new Uint8Array(1));
    say("a"); print("b"); Deno.exit(7);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", source],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  await child.stdin.close();
  assertEquals((await child.status).code, 7);
});

Deno.test("AccessLog keeps no process alive", async () => {
  const code = `new AccessLog("common", Deno.stdout).record(${JSON.stringify(event)});`;
  assertEquals(await run(code), { status: 0, stdout: "", stderr: "" });
});
