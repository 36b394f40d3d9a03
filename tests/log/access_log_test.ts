import { assert, assertEquals } from "@std/assert";
import { AccessLog, formatAccess, standardOutput, tellMissing } from "../../lib/log/access_log.ts";
import { LineWriter } from "../../lib/log/line_writer.ts";
import { EVENT as event, LINE as line } from "../support/access_event.ts";
import { MemorySink } from "../support/memory_sink.ts";

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
  while (!lines.isFull) log.record(event);
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
  const original = Deno.stdout.write;
  const sink = new MemorySink();
  try {
    Deno.stdout.write = (bytes) => sink.write(bytes);
    const lines = standardOutput();
    lines.write("a");
    assertEquals(sink.writes, 0);
    await lines.flush(LONG_MS);
    assert(sink.text === "a\n");
  } finally {
    Deno.stdout.write = original;
  }
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
    const reason = "No space left on device";
    if (format === "json") {
      const { time, ...rest } = JSON.parse(last);
      assertEquals([new Date(time).toISOString(), rest], [time, {
        event: "lost",
        lines: 2,
        reason,
      }]);
    } else {
      assertEquals(last, `2 log lines were lost: ${reason}`);
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
    ["3 log lines were lost: x", { event: "lost", lines: 3, reason: "x" }],
  ]);
});
