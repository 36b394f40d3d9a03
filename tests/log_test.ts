import { assert, assertEquals } from "@std/assert";
import { type AccessEvent, AccessLog, escapeControls, formatAccess } from "../lib/log.ts";

const event: AccessEvent = {
  at: Date.UTC(2026, 10, 22, 8, 22, 53, 999),
  client: "127.0.0.1",
  requestLine: "GET / HTTP/1.1",
  statusCode: 200,
  contentBytes: 1234,
  elapsedMs: 1.23456,
};

const line = '127.0.0.1 - - [22/Nov/2026:08:22:53 +0000] "GET / HTTP/1.1" 200 1234';

/** A sink in memory that takes at most so many bytes a write, and fails on the writes listed. */
class MemorySink {
  readonly #decoder = new TextDecoder();
  text = "";
  writes = 0;

  constructor(readonly maxBytes = Infinity, readonly failures: Record<number, Error> = {}) {}

  writeSync(bytes: Uint8Array): number {
    const failure = this.failures[++this.writes];
    if (failure) throw failure;
    const taken = bytes.subarray(0, this.maxBytes);
    this.text += this.#decoder.decode(taken, { stream: true });
    return taken.length;
  }
}

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

Deno.test("AccessLog writes nothing before a flush and all in one write after it", () => {
  const sink = new MemorySink();
  const log = new AccessLog("common", sink);
  log.record(event);
  log.record(event);
  assertEquals(sink.writes, 0);
  log.flush();
  log.flush();
  assertEquals([sink.text, sink.writes], [`${line}\n${line}\n`, 1]);
});

Deno.test("AccessLog writes by itself after a while", async () => {
  const keepAlive = setInterval(() => {}, 1000);
  const written = await new Promise((resolve) => {
    const writeSync = (bytes: Uint8Array) => {
      resolve(new TextDecoder().decode(bytes));
      return bytes.length;
    };
    new AccessLog("common", { writeSync }).record(event);
  });
  clearInterval(keepAlive);
  assertEquals(written, `${line}\n`);
});

Deno.test("AccessLog writes by itself when 64 KiB have collected", () => {
  const sink = new MemorySink();
  const log = new AccessLog("common", sink);
  const lines = Math.ceil(64 * 1024 / (line.length + 1));
  for (let i = 1; i < lines; i++) log.record(event);
  assertEquals(sink.text, "");
  log.record(event);
  assertEquals(sink.text, `${line}\n`.repeat(lines));
});

Deno.test("AccessLog goes on after short writes and full pipes", () => {
  const sink = new MemorySink(7, {
    1: new Deno.errors.WouldBlock("pipe is full"),
    3: new Deno.errors.WouldBlock("pipe is full"),
  });
  const log = new AccessLog("json", sink);
  const requestLine = "é→😀".repeat(100);
  log.record({ ...event, requestLine });
  log.flush();
  assertEquals(JSON.parse(sink.text).requestLine, requestLine);
});

Deno.test("AccessLog stops for good when its sink fails", () => {
  const sinks = [new MemorySink(7, { 2: new Deno.errors.BrokenPipe("closed") }), new MemorySink(0)];
  for (const sink of sinks) {
    const log = new AccessLog("common", sink);
    log.record(event);
    log.flush();
    const { writes } = sink;
    log.record(event);
    log.flush();
    assertEquals(sink.writes, writes);
  }
});

Deno.test("AccessLog records nothing in the format none", () => {
  const sink = new MemorySink();
  const log = new AccessLog("none", sink);
  log.record(event);
  log.flush();
  assertEquals(sink.writes, 0);
});

/** What a process that runs the code prints, read to its end. */
async function run(code: string) {
  const log = JSON.stringify(import.meta.resolve("../lib/log.ts"));
  const source = `import { AccessLog, print, say } from ${log};\n${code}`;
  const process = new Deno.Command(Deno.execPath(), { args: ["eval", source] });
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
    args: ["eval", source],
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
