import { assert, assertEquals } from "@std/assert";
import { LineWriter } from "../lib/line_writer.ts";
import { MemorySink } from "./support/memory_sink.ts";
import { run } from "./support/process.ts";

const LONG_MS = 60_000;
const LINE = "x".repeat(99);

/** Writes lines until so much waits that the next one is dropped; how many were taken. */
function fill(lines: LineWriter): number {
  let count = 0;
  while (lines.write(LINE)) count++;
  return count;
}

Deno.test("LineWriter with a delay writes nothing before a flush and all in one write after it", async () => {
  const sink = new MemorySink();
  const lines = new LineWriter(sink, LONG_MS);
  lines.write("a");
  lines.write("b\nc");
  assertEquals(sink.writes, 0);
  await lines.flush(LONG_MS);
  await lines.flush(LONG_MS);
  assertEquals([sink.text, sink.writes], ["a\nb\nc\n", 1]);
});

Deno.test("LineWriter writes by itself, at once or after a while", async () => {
  for (const delayMs of [0, 1]) {
    const keepAlive = setInterval(() => {}, 1000);
    const written = await new Promise((resolve) => {
      const write = (octets: Uint8Array) => {
        resolve(new TextDecoder().decode(octets));
        return Promise.resolve(octets.length);
      };
      new LineWriter({ write }, delayMs).write("a");
    });
    clearInterval(keepAlive);
    assertEquals(written, "a\n");
  }
});

Deno.test("LineWriter without a delay writes what comes meanwhile in the next write", async () => {
  const gate = Promise.withResolvers<void>();
  const sink = new MemorySink(Infinity, {}, gate.promise);
  const lines = new LineWriter(sink);
  for (const line of ["a", "b", "c"]) lines.write(line);
  assertEquals(sink.writes, 1);
  gate.resolve();
  await lines.flush(LONG_MS);
  assertEquals([sink.text, sink.writes], ["a\nb\nc\n", 2]);
});

Deno.test("LineWriter forgets no line, at whatever moment of a write it comes", async () => {
  for (let turns = 0; turns < 20; turns++) {
    const sink = new MemorySink();
    const lines = new LineWriter(sink);
    lines.write("a");
    for (let i = 0; i < turns; i++) await Promise.resolve();
    lines.write("b");
    for (let i = 0; i < 50; i++) await Promise.resolve();
    assertEquals(sink.text, "a\nb\n");
  }
});

Deno.test("LineWriter goes on after short writes", async () => {
  const sink = new MemorySink(7);
  const lines = new LineWriter(sink);
  const text = "é→😀".repeat(100);
  lines.write(text);
  await lines.flush(LONG_MS);
  assertEquals(sink.text, `${text}\n`);
});

Deno.test("LineWriter drops what a stalled sink does not take, and no more", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sink = new MemorySink(Infinity, {}, promise);
  const lines = new LineWriter(sink);
  lines.write(LINE);
  await lines.flush(1);
  assertEquals([sink.writes, sink.text], [1, ""]);
  const taken = fill(lines);
  assertEquals([taken, lines.isFull, lines.write("y")], [
    Math.ceil((1024 * 1024 + 1) / 100),
    true,
    false,
  ]);
  resolve();
  await lines.flush(LONG_MS);
  assertEquals(sink.text, `${LINE}\n`.repeat(1 + taken));
  assertEquals([lines.isFull, lines.write("y")], [false, true]);
  await lines.flush(LONG_MS);
  assert(sink.text.endsWith("\ny\n"));
});

Deno.test("LineWriter stops for good when its sink fails, and then takes all", async () => {
  const sinks = [new MemorySink(7, { 2: new Deno.errors.BrokenPipe("closed") }), new MemorySink(0)];
  for (const sink of sinks) {
    const lines = new LineWriter(sink);
    lines.write(LINE);
    await lines.flush(LONG_MS);
    const { writes } = sink;
    for (let i = 0; i < 20_000; i++) assert(lines.write(LINE));
    await lines.flush(LONG_MS);
    assertEquals([sink.writes, lines.isFull], [writes, false]);
  }
});

Deno.test("LineWriter tries a full pipe that does not block again", async () => {
  const sink = new MemorySink(7, {
    1: new Deno.errors.WouldBlock(),
    2: new Deno.errors.WouldBlock(),
  });
  const lines = new LineWriter(sink);
  lines.write("one line\nanother");
  await lines.flush(LONG_MS);
  assertEquals([sink.text, sink.writes], ["one line\nanother\n", 5]);
});

Deno.test("LineWriter does not wait with many lines, so that none of a burst is dropped", async () => {
  const sink = new MemorySink();
  const lines = new LineWriter(sink, LONG_MS);
  const count = 40_000;
  for (let i = 0; i < count; i++) {
    assert(lines.write(LINE));
    if (i % 500 === 0) await new Promise<void>((resolve) => queueMicrotask(resolve));
  }
  await lines.flush(LONG_MS);
  assertEquals(sink.text.split("\n").length - 1, count);
});

Deno.test("LineWriter with a delay keeps no process alive", async () => {
  const module = JSON.stringify(import.meta.resolve("../lib/line_writer.ts"));
  const source = `import { LineWriter } from ${module};
    new LineWriter(Deno.stdout, 100).write("a");`;
  const { code, stdout } = await run(Deno.execPath(), ["eval", "--quiet", source]);
  assertEquals([code, stdout], [0, ""]);
});
