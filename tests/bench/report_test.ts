import { assertEquals } from "@std/assert";
import { tableOf, targetTableOf } from "./report.ts";
import { Results } from "./results.ts";
import { compare } from "./targets.ts";

const ONE = "redirect, one request per connection";

function resultsOf(rounds: readonly (readonly [ours: number, floor: number])[]): Results {
  const results = new Results();
  for (const [ours, floor] of rounds) {
    results.add(ONE, "ours", { "CPU µs/connection": ours });
    results.add(ONE, "floor", { "CPU µs/connection": floor });
    results.add(ONE, "nginx return 301", { "CPU µs/connection": floor / 2 });
  }
  return results;
}

Deno.test("each target is shown with what was measured, the median of the rounds", () => {
  for (
    const [rounds, measured, verdict] of [
      [[[22, 20], [30, 20], [21, 20]], "1.10", "met"],
      [[[23, 20], [30, 20], [20, 20]], "1.15", "MISSED"],
    ] as const
  ) {
    const [headings, ...rows] = targetTableOf(compare(resultsOf(rounds))).split("\n");
    assertEquals(headings!.split(/ {2,}/), ["target", "measured", "target"]);
    assertEquals(rows.map((row) => row.split(/ {2,}/)), [
      [`${ONE}: CPU µs/connection ÷ floor`, measured, "≤ 1.12", verdict],
    ]);
  }
});

Deno.test("each row is shown as a multiple of the floor too", () => {
  const results = resultsOf([[30, 20]]);
  const lines = tableOf(results, compare(results)).split("\n");
  const cells = (name: string) =>
    lines.find((line) => line.startsWith(`  ${name} `))!.trim().split(/ {2,}/);
  assertEquals(cells("ours"), ["ours", "30.0", "30.0–30.0", "1.50"]);
  assertEquals(cells("floor"), ["floor", "20.0", "20.0–20.0", "1.50", "1.50–1.50"]);
  assertEquals(
    cells("nginx return 301"),
    ["nginx return 301", "10.0", "10.0–10.0", "3.00", "3.00–3.00", "0.50"],
  );
});
