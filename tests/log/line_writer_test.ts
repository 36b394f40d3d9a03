import { delay } from "@std/async/delay";
import { assert, assertEquals } from "@std/assert";
import { LineWriter, lostRecord, lostText } from "../../lib/log/line_writer.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { run } from "../support/process.ts";

const LONG_MS = 60_000;
const LINE = "x".repeat(99);

/** Writes lines until so much waits that the next one is dropped; how many were taken. */
function fill(lines: LineWriter): number {
  let count = 0;
  while (count < 100_000 && lines.write(LINE)) count++;
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
      const write = (bytes: Uint8Array) => {
        resolve(new TextDecoder().decode(bytes));
        return Promise.resolve(bytes.length);
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

const REASON = "No space left on device";
const FULL = new Error(`${REASON} (os error 28)`);

Deno.test("LineWriter glues no line to another and counts those that got lost, whenever a sink fails", async () => {
  const all = ["first line", "second line", "third line", "fourth line"];
  for (const most of [Infinity, 7, 1]) {
    for (const error of [FULL, new Deno.errors.BrokenPipe("closed")]) {
      for (let at = 0; at < 20; at++) {
        for (const times of [1, 2, 3]) {
          const errors = Array.from({ length: times }, (_, i) => [at + i, error]);
          const sink = new MemorySink(most, Object.fromEntries(errors));
          const lines = new LineWriter(sink);
          for (const line of all) {
            lines.write(line);
            await lines.flush(LONG_MS);
          }
          for (let i = 0; i < 4; i++) await lines.flush(LONG_MS);
          assertEquals(lines.lost, undefined);
          const whole = sink.text.split("\n");
          assertEquals(whole.pop(), "", "the last line is ended");
          let lost = 0;
          const kept = whole.filter((line) => {
            lost += Number(/^(\d+) log lines? w.* lost: [cN]/.exec(line)?.[1] ?? 0);
            return all.includes(line);
          });
          const others = whole.filter((line) =>
            !all.includes(line) && !/ lost: .*[de]$/.test(line)
          );
          for (const cut of others) assert([...all, "1 log line"].some((it) => it.startsWith(cut)));
          // A line that was cut before its end alone counts as lost.
          assert([0, 1].includes(kept.length + lost - all.length), sink.text);
          assertEquals(kept, all.filter((line) => kept.includes(line)), "in their order");
        }
      }
    }
  }
});

Deno.test("LineWriter writes again nothing of which it cannot know whether it was written", async () => {
  // As Deno does with files: it says that it failed, and not how much it wrote.
  let text = "";
  let room = 5000;
  const write = (bytes: Uint8Array) => {
    const taken = bytes.subarray(0, room);
    room -= taken.length;
    text += new TextDecoder().decode(taken);
    return taken.length < bytes.length ? Promise.reject(FULL) : Promise.resolve(taken.length);
  };
  const lines = new LineWriter({ write }, LONG_MS);
  const all = Array.from({ length: 1000 }, (_, i) => `line ${1000 + i}`);
  all.forEach((line) => lines.write(line));
  for (let i = 0; i < 10; i++) {
    await lines.flush(LONG_MS);
    room = 5000;
  }
  const more = Array.from({ length: 2000 }, (_, i) => `line ${2000 + i}`);
  more.forEach((line) => lines.write(line));
  let flushes = 0;
  for (; flushes === 0 || lines.lost !== undefined; flushes++) {
    await lines.flush(LONG_MS);
    room = 5000;
  }
  const [whole, gaps] = [[...all, ...more], text.matchAll(/^(\d+) log lines were lost/gm)];
  const lost = [...gaps].reduce((sum, [, count]) => sum + Number(count), 0);
  const written = text.split("\n").filter((line) => /^line \d{4}$/.test(line));
  assertEquals(new Set(written).size, written.length, "none is there twice");
  assert(written.length + lost >= whole.length, `${written.length} and ${lost}`);
  assert(flushes < 30);
});

Deno.test("LineWriter tries a sink that has failed again by itself", async () => {
  const sink = new MemorySink(Infinity, { 0: FULL });
  const lines = new LineWriter(sink);
  const keepAlive = setInterval(() => {}, 1000);
  lines.write("a");
  for (let i = 0; i < 1000 && !sink.text.includes("lost"); i++) await delay(10);
  clearInterval(keepAlive);
  assertEquals(sink.text, `\n${lostText({ count: 1, reason: REASON })}\n`);
});

Deno.test("LineWriter tries a sink that has failed not at every line", async () => {
  for (const delayMs of [0, 1]) {
    const sink = new MemorySink(0);
    const lines = new LineWriter(sink, delayMs);
    lines.write("a");
    await lines.flush(LONG_MS);
    for (let i = 0; i < 20_000; i++) {
      assert(lines.write(LINE));
      if (i % 1000 === 0) await delay(0);
    }
    assertEquals(lines.isFull, false);
    assert(sink.writes < 1000, `${sink.writes}`);
    assertEquals(lines.lost, { count: 20_001, reason: "nothing was taken" });
    sink.most = Infinity;
    await lines.flush(LONG_MS);
    assertEquals(lines.lost, undefined);
  }
});

Deno.test("LineWriter says in their place how many lines a failing sink has lost", async () => {
  const sink = new MemorySink(Infinity, { 0: FULL, 1: FULL });
  const lines = new LineWriter(sink);
  const kept = Math.ceil((1024 * 1024 + 1) / 100);
  lines.write("of this it is not known");
  await lines.flush(LONG_MS);
  for (let i = 0; i < kept; i++) assert(lines.write(LINE));
  for (let i = 0; i < 2; i++) lines.write("lost\nas well");
  await lines.flush(LONG_MS);
  lines.write("lost");
  assertEquals([lines.lost, sink.text], [{ count: 1 + kept + 5, reason: REASON }, ""]);
  await lines.flush(LONG_MS);
  assertEquals(lines.lost, undefined);
  lines.write("next");
  await lines.flush(LONG_MS);
  const waiting = `${LINE}\n`.repeat(kept);
  const [before, behind] = [1, 5].map((count) => lostText({ count, reason: REASON }));
  assertEquals(sink.text, `\n${before}\n${waiting}${behind}\nnext\n`);
});

Deno.test("LineWriter tells of lost lines again when the line that tells of them is not taken", async () => {
  const sink = new MemorySink(Infinity, { 0: FULL, 2: FULL, 3: FULL, 5: FULL });
  const lines = new LineWriter(sink);
  lines.gapLine = ({ count }) => `${count} lost`;
  for (const line of ["first", "second", "third"]) {
    lines.write(line);
    await lines.flush(LONG_MS);
  }
  assertEquals([sink.text, lines.lost?.count], ["\n", 3]);
  for (let i = 0; i < 2; i++) await lines.flush(LONG_MS);
  assertEquals([sink.text, lines.lost], ["\n\n\n1 lost\nsecond\nthird\n", undefined]);
});

Deno.test("lostText() and lostRecord() say how many lines got lost and why", () => {
  assertEquals(lostText({ count: 1, reason: "x" }), "1 log line was lost: x");
  assertEquals(lostText({ count: 2, reason: "x" }), "2 log lines were lost: x");
  assertEquals(lostRecord({ count: 2, reason: "x" }), { event: "lost", lines: 2, reason: "x" });
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
  const module = JSON.stringify(import.meta.resolve("../../lib/log/line_writer.ts"));
  const source = `import { LineWriter } from ${module};
    new LineWriter(Deno.stdout, 100).write("a");`;
  const { code, stdout } = await run(Deno.execPath(), ["eval", "--quiet", source]);
  assertEquals([code, stdout], [0, ""]);
});
