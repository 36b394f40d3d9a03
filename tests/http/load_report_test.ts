import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Fields } from "../../lib/http/fields.ts";
import { loadField, parseLoadReport } from "../../lib/http/load_report.ts";
import { LOAD_REPORTS } from "../cases/load_reports.ts";
import { testRows } from "../support/rows.ts";

function parse(...values: string[]) {
  return parseLoadReport(new Fields(values.map((value) => `Endpoint-Load-Metrics: ${value}`)));
}

testRows("parseLoadReport() reads what can be", LOAD_REPORTS, ({ raw, report }) => {
  assertEquals(parse(raw), report);
});

Deno.test("parseLoadReport() finds none without the field, or in two of them", () => {
  const text = "TEXT named_metrics.open_transfers=3";
  assertEquals(parseLoadReport(new Fields(["Other: x"])), undefined);
  assertEquals(parse(text)?.openTransfers, 3);
  assertEquals(parse(text, text), undefined);
});

Deno.test("loadField() writes rounded numbers in the text format", () => {
  assertEquals(
    loadField({
      openTransfers: 3,
      pendingBytes: 2 ** 53 - 1,
      bytesPerSecond: 0.6,
      utilization: 0.98765,
    }),
    "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=3, " +
      "named_metrics.pending_bytes=9007199254740991, named_metrics.bytes_per_second=1, " +
      "application_utilization=0.988\r\n",
  );
});

Deno.test("parseLoadReport() reads back all that loadField() writes", () => {
  const load = fc.record({
    openTransfers: fc.maxSafeNat(),
    pendingBytes: fc.maxSafeNat(),
    bytesPerSecond: fc.maxSafeNat(),
    utilization: fc.integer({ min: 0, max: 1000 }).map((it) => it / 1000),
  });
  const property = fc.property(load, (load) => {
    assertEquals(parseLoadReport(new Fields([loadField(load).slice(0, -2)])), load);
  });
  fc.assert(property, { seed: 19, numRuns: 2000 });
});

Deno.test("parseLoadReport() never throws, and gives only what can be", () => {
  const [, report] = loadField({
    openTransfers: 3,
    pendingBytes: 17,
    bytesPerSecond: 2,
    utilization: 0.5,
  })
    .split(/: |\r\n/);
  const pieces = [...report!.split(/(?<=[=, .])/), "-", "e", "1e308", "9223372036854775808", "NaN"];
  const values = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...pieces)).map((them) => `TEXT ${them.join("")}`),
    fc.tuple(fc.nat(report!.length), fc.nat(report!.length), fc.string({ maxLength: 3 }))
      .map(([start, end, text]) => report!.slice(0, start) + text + report!.slice(end)),
  );
  let found = 0;
  const property = fc.property(values, (value) => {
    const report = parse(value);
    if (report === undefined) return;
    found++;
    const { openTransfers, pendingBytes, bytesPerSecond, utilization } = report;
    const isCount = (it: number | null) => it === null || (Number.isSafeInteger(it) && it >= 0);
    assert(isCount(openTransfers) && isCount(pendingBytes), value);
    for (const it of [bytesPerSecond, utilization]) {
      assert(it === null || (it >= 0 && it < 2 ** 53), value);
    }
    assert(Object.values(report).some((it) => it !== null), value);
  });
  fc.assert(property, { seed: 19, numRuns: 20_000 });
  assert(found > 100, `${found} reports are too few to show anything`);
});
