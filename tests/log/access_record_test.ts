import { assert, assertEquals } from "@std/assert";
import { formatAccess } from "../../lib/log/access_log.ts";
import { EVENT as event, LINE as line } from "../support/access_event.ts";
import { fieldsWith } from "../support/field_lines.ts";

Deno.test("formatAccess() writes the Common Log Format in UTC", () => {
  assertEquals(formatAccess(event, "common"), line);
});

Deno.test("formatAccess() writes each second's time, also when time goes back", () => {
  const times: [epochMs: number, time: string][] = [
    [Date.UTC(2026, 11, 31, 23, 59, 59, 0), "31/Dec/2026:23:59:59 +0000"],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), "31/Dec/2026:23:59:59 +0000"],
    [Date.UTC(2027, 0, 1), "01/Jan/2027:00:00:00 +0000"],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 500), "31/Dec/2026:23:59:59 +0000"],
    [0, "01/Jan/1970:00:00:00 +0000"],
  ];
  for (const [epochMs, time] of times) {
    assertEquals(formatAccess({ ...event, epochMs }, "common").slice(15, 41), time);
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
