import { assert, assertEquals } from "@std/assert";
import { AccessLog, formatAccess, standardOutput, tellMissing } from "../../lib/log/access_log.ts";
import { LineWriter, lostRecord, lostText } from "../../lib/log/line_writer.ts";
import { EVENT as event, LINE as line } from "../support/access_event.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { withPatched } from "../support/patched.ts";

const LONG_MS = 60_000;

Deno.test("AccessLog records nothing in the format none", async () => {
  const sink = new MemorySink();
  const lines = new LineWriter(sink);
  new AccessLog("none", lines).record(event);
  await lines.flush(LONG_MS);
  assertEquals(sink.writes, 0);
});

Deno.test("AccessLog counts what its writer does not take", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sink = new MemorySink(Infinity, {}, promise);
  const lines = new LineWriter(sink);
  const log = new AccessLog("common", lines);
  for (let i = 0; i < 100_000 && !lines.isFull; i++) log.record(event);
  assertEquals(log.dropped, 0);
  const most = 1 + Math.ceil((1024 * 1024 + 1) / (line.length + 1));
  for (let i = 0; i < 5; i++) log.record(event);
  assertEquals(log.dropped, 5);
  resolve();
  await lines.flush(LONG_MS);
  assertEquals(sink.text, `${line}\n`.repeat(most));
});

Deno.test("AccessLog tells whom clients were sent to where it was told to", async () => {
  const chosen = "web1:8000";
  for (const format of ["common", "combined", "json"] as const) {
    for (const isAnnotated of [true, false]) {
      const sink = new MemorySink();
      const lines = new LineWriter(sink);
      const log = new AccessLog(format, lines, isAnnotated);
      log.record({ ...event, annotation: chosen });
      lines.write("\x1e→"); // What else is to come between them.
      log.record(event);
      await lines.flush(LONG_MS);
      const [first, second] = [{ ...event, annotation: chosen }, event].map((it) =>
        formatAccess(it, format, isAnnotated)
      );
      assertEquals(sink.text, `${first}\n\x1e→\n${second}\n`);
      assertEquals(sink.text.includes(chosen), isAnnotated);
    }
  }
});

Deno.test("standardOutput() lets lines wait for others", async () => {
  const sink = new MemorySink();
  const write = () => (bytes: Uint8Array) => sink.write(bytes);
  await withPatched(Deno.stdout, "write", write, async () => {
    const lines = standardOutput();
    lines.write("a");
    assertEquals(sink.writes, 0);
    await lines.flush(LONG_MS);
    assertEquals(sink.text, "a\n");
  });
});

Deno.test("AccessLog says of lost lines in its own format", async () => {
  const line = "x".repeat(1024 * 1024);
  for (const format of ["common", "combined", "json", "none"] as const) {
    const sink = new MemorySink(Infinity, {
      0: new Error("No space left on device (os error 28)"),
    });
    const lines = new LineWriter(sink);
    new AccessLog(format, lines);
    lines.write("first");
    await lines.flush(LONG_MS);
    for (const text of [line, "lost", "lost"]) lines.write(text);
    await lines.flush(LONG_MS);
    const last = sink.text.split("\n").at(-2)!;
    const lost = { count: 2, reason: "No space left on device" };
    if (format !== "json") assertEquals(last, lostText(lost));
    else {
      const { time, ...rest } = JSON.parse(last);
      assertEquals([new Date(time).toISOString(), rest], [time, lostRecord(lost)]);
    }
  }
});

Deno.test("tellMissing() says how many lines got lost, if any", () => {
  const told: [string, object?][] = [];
  const info = (...message: [string, object?]) => told.push(message);
  tellMissing(0, undefined, info);
  assertEquals(told, []);
  tellMissing(7, { count: 3, reason: "x" }, info);
  assertEquals(told, [
    ["7 lines of the access log were not taken by its reader"],
    [lostText({ count: 3, reason: "x" }), lostRecord({ count: 3, reason: "x" })],
  ]);
});

Deno.test("formatAccess() writes the Common Log Format in UTC, also when time goes back", () => {
  const times: [epochMs: number, time: string][] = [
    [Date.UTC(2026, 11, 31, 23, 59, 59, 0), "31/Dec/2026:23:59:59 +0000"],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), "31/Dec/2026:23:59:59 +0000"],
    [Date.UTC(2027, 0, 1), "01/Jan/2027:00:00:00 +0000"],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 500), "31/Dec/2026:23:59:59 +0000"],
    [0, "01/Jan/1970:00:00:00 +0000"],
  ];
  for (const [epochMs, time] of times) {
    const formatted = formatAccess({ ...event, epochMs }, "common");
    assertEquals(formatted, line.replace("22/Nov/2026:08:22:53 +0000", time));
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

Deno.test("formatAccess() writes JSON in one line without control characters", () => {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  const requestLine = String.fromCharCode(...codes, 0x2028, 0x2029);
  const formatted = formatAccess({ ...event, requestLine }, "json");
  assert(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(formatted), formatted);
  assertEquals(JSON.parse(formatted).requestLine, requestLine);
});

Deno.test("formatAccess() adds Referer and User-Agent, escaped, in the combined format", () => {
  const cases: [fields: [string, string][] | undefined, logged: string][] = [
    [undefined, '"-" "-"'],
    [[], '"-" "-"'],
    [[["Referer", ""], ["User-Agent", "curl/8.5.0"]], '"-" "curl/8.5.0"'],
    [
      [["REFERER", "http://a/?b"], ["user-agent", 'x" "\\\x1b']],
      '"http://a/?b" "x\\x22 \\x22\\x5C\\x1B"',
    ],
    [[["User-Agent", "a"], ["User-Agent", "\xe9"]], '"-" "a, \\xE9"'],
  ];
  for (const [lines, logged] of cases) {
    const fields = lines === undefined ? undefined : fieldsWith(lines);
    assertEquals(formatAccess({ ...event, fields }, "combined"), `${line} ${logged}`);
  }
});

Deno.test("formatAccess() writes the same JSON as JSON.stringify", () => {
  for (const epochMs of [event.epochMs, 0, event.epochMs + 1, Date.UTC(2027, 0, 1, 0, 0, 0, 7)]) {
    for (const requestLine of ["", 'a"b\\c', "\u007e"]) {
      const { client, statusCode, contentBytes, elapsedMs } = event;
      const time = new Date(epochMs).toISOString();
      const elapsed = Math.round(elapsedMs * 1000) / 1000;
      const members = { time, client, requestLine, statusCode, contentBytes, elapsedMs: elapsed };
      assertEquals(
        formatAccess({ ...event, epochMs, requestLine }, "json"),
        JSON.stringify(members),
      );
    }
  }
});

Deno.test("formatAccess() ends with whom the client was sent to, where that is asked for", () => {
  const fields = fieldsWith([["User-Agent", "curl"]]);
  const formats = [["common", line], ["combined", `${line} "-" "curl"`]] as const;
  for (const [format, start] of formats) {
    for (const [chosen, end] of [["web1:8000", " web1:8000"], [undefined, " -"]] as const) {
      const it = { ...event, fields, annotation: chosen };
      assertEquals(formatAccess(it, format, true), start + end);
      assertEquals([formatAccess(it, format), formatAccess(it, format, false)], [start, start]);
    }
  }
  for (const [chosen, server] of [["[::1]:80", "[::1]:80"], [undefined, null]] as const) {
    const it = { ...event, annotation: chosen };
    const { server: said, ...others } = JSON.parse(formatAccess(it, "json", true));
    assertEquals(said, server);
    assertEquals(others, JSON.parse(formatAccess(it, "json")));
  }
});
