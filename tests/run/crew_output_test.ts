import { assertEquals } from "@std/assert";
import { CrewOutput } from "../../lib/run/crew_output.ts";
import { MemorySink } from "../support/memory_sink.ts";

const LONG_MS = 60_000;

Deno.test("CrewOutput writes nothing before it is to begin, then whole lines", async () => {
  const sink = new MemorySink(3);
  const output = new CrewOutput(sink);
  output.write("first line\nsecond line");
  output.write("");
  await output.flush(1);
  assertEquals(sink.writes, 0);
  output.begin();
  output.write("third line");
  await output.flush(LONG_MS);
  assertEquals([sink.text, output.dropped], ["first line\nsecond line\n\nthird line\n", 0]);
});

Deno.test("CrewOutput counts the lines that its sink does not take", async () => {
  const gate = Promise.withResolvers<void>();
  const sink = new MemorySink(Infinity, {}, gate.promise);
  const output = new CrewOutput(sink);
  output.begin();
  const lines = "x\n".repeat(1000) + "x";
  let count = 0;
  for (; output.dropped === 0; count++) output.write(lines);
  output.write("one more");
  assertEquals(output.dropped, 1002);
  gate.resolve();
  await output.flush(LONG_MS);
  assertEquals(sink.text, `${lines}\n`.repeat(count - 1));
});

Deno.test("CrewOutput bears a sink that fails", async () => {
  const output = new CrewOutput(new MemorySink(3, { 1: new Deno.errors.BrokenPipe() }));
  output.begin();
  output.write("first line");
  await output.flush(LONG_MS);
  output.write("second line");
  await output.flush(LONG_MS);
  assertEquals(output.dropped, 0);
});
