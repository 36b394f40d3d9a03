import { assert, assertEquals } from "@std/assert";
import { RequestCounters } from "../../lib/balancing/request_counters.ts";
import { readCounts, report } from "../../lib/balancing/worker_link.ts";
import { LineWriter } from "../../lib/log/line_writer.ts";
import { takeReports } from "../../lib/process/worker_protocol.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { countsOf } from "../support/counts.ts";

const LONG_MS = 60_000;

Deno.test("report() loses no client, though for a while nobody hears it", async () => {
  const gate = Promise.withResolvers<void>();
  const sink = new MemorySink(Infinity, {}, gate.promise);
  const output = new LineWriter(sink);
  const [counted, heard] = [new RequestCounters(), new RequestCounters()];
  const work = () => {
    counted.redirected("a:1");
    counted.unavailable++;
    report(counted, output);
  };
  for (let i = 0; i < 3; i++) work();
  while (output.write("line"));
  for (let i = 0; i < 4; i++) work();
  assertEquals(counted.redirects, 4);
  gate.resolve();
  await output.flush(LONG_MS);
  work();
  await output.flush(LONG_MS);
  const reports: unknown[] = [];
  const lines = takeReports(sink.text, (report) => reports.push(report));
  assert(/^(?:line\n)+$/.test(lines));
  for (const report of reports) heard.add(readCounts(report)!);
  assertEquals(reports.length, 4);
  assertEquals(heard.take(), countsOf({ redirects: { "a:1": 8 }, unavailable: 8 }));
  assertEquals(counted.take(), countsOf({ redirects: {}, unavailable: 0 }));
});
