import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { WorkerOutput } from "../../lib/process/supervisor.ts";
import { MemorySink } from "../support/memory_sink.ts";

const LONG_MS = 60_000;

Deno.test("WorkerOutput writes nothing before it is to begin, then whole lines", async () => {
  const sink = new MemorySink(3);
  const output = new WorkerOutput(sink, "common");
  output.write("first line\nsecond line");
  output.write("");
  await output.flush(1);
  assertEquals(sink.writes, 0);
  output.begin("here");
  output.write("third line");
  await output.flush(LONG_MS);
  const text = "here\nfirst line\nsecond line\n\nthird line\n";
  assertEquals([sink.text, output.dropped], [text, 0]);
});

Deno.test("WorkerOutput counts the lines that its sink does not take", async () => {
  const gate = Promise.withResolvers<void>();
  const sink = new MemorySink(Infinity, {}, gate.promise);
  const output = new WorkerOutput(sink, "common");
  output.begin("here");
  await output.flush(1); // It waits with the sink.
  const lines = "x\n".repeat(1000) + "x";
  let count = 0;
  for (; output.dropped === 0; count++) output.write(lines);
  output.write("one more");
  assertEquals(output.dropped, 1002);
  gate.resolve();
  await output.flush(LONG_MS);
  assertEquals(sink.text, `here\n${`${lines}\n`.repeat(count - 1)}`);
});

Deno.test("WorkerOutput goes on once a sink that failed takes lines again", async () => {
  const failing = new MemorySink(0);
  const output = new WorkerOutput(failing, "json");
  output.begin("here");
  output.write("a line");
  await output.flush(LONG_MS);
  assertEquals([output.dropped, output.lost], [0, { count: 2, reason: "nothing was taken" }]);
  failing.most = Infinity;
  await output.flush(LONG_MS);
  assertEquals(output.lost, undefined);
  const [empty, gap, ...lines] = failing.text.split("\n");
  assertEquals([empty, JSON.parse(gap!).lines, lines], ["", 1, ["a line", ""]]);

  const sink = new MemorySink(3, { 1: new Deno.errors.BrokenPipe() });
  const broken = new WorkerOutput(sink, "json");
  broken.begin("here");
  await broken.flush(LONG_MS);
  broken.write("a line");
  await broken.flush(LONG_MS);
  assertEquals(broken.lost, undefined);
  assertStringIncludes(sink.text, '"event":"lost","lines":1,');
  assert(sink.text.startsWith("her\n{") && sink.text.endsWith("}\na line\n"), sink.text);
});
