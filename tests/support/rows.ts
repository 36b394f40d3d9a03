import { assertEquals } from "@std/assert";
import { type Case, type Row } from "../cases/case.ts";
import { feed, type Read } from "./feed.ts";

/** One test over a table: it goes through all rows, and its error names every row that fails. */
export function testRows<SomeRow extends Case>(
  name: string,
  rows: readonly SomeRow[],
  check: (row: SomeRow) => void,
): void {
  Deno.test(`${name} (${rows.length} rows)`, () => {
    const failures: string[] = [];
    for (const row of rows) {
      try {
        check(row);
      } catch (error) {
        failures.push(`${row.section}, ${row.story}: ${error}`);
      }
    }
    if (failures.length === 0) return;
    throw new Error(`${failures.length} of ${rows.length} rows fail:\n\n${failures.join("\n\n")}`);
  });
}

/**
 * Feeds the row in every way to new readers, and asserts the verdict that it gives. What is accepted
 * must take all of the row's octets and hold what `value` names.
 */
export function checkRow<Value extends object>(
  row: Row<Partial<Value>>,
  newRead: () => Read<Value>,
): void {
  const outcome = feed(newRead, row.raw);
  if (outcome.verdict === "accepted" && row.verdict === "accepted") {
    assertEquals({ ...outcome.value, ...row.value }, outcome.value);
    assertEquals(outcome.consumed, row.raw.length, "consumed");
  } else if (outcome.verdict === "refused" && row.verdict === "refused") {
    assertEquals(outcome.status, row.status, outcome.message);
  } else if (outcome.verdict !== row.verdict) {
    throw new Error(`wanted ${row.verdict}, got ${JSON.stringify(outcome)}`);
  }
}
