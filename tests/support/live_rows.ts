interface Named {
  readonly section: string;
  readonly story: string;
}

/** One test over a table whose rows go over a socket each. */
export function testLiveRows<SomeRow extends Named>(
  name: string,
  rows: readonly SomeRow[],
  check: (row: SomeRow) => void | Promise<void>,
): void {
  Deno.test(`${name} (${rows.length} rows)`, () => checkRows(rows, check));
}

/**
 * Checks all rows, one after the other.
 *
 * @throws {Error} that names every row that fails
 */
export async function checkRows<SomeRow extends Named>(
  rows: readonly SomeRow[],
  check: (row: SomeRow) => void | Promise<void>,
): Promise<void> {
  const failures: string[] = [];
  for (const row of rows) {
    try {
      await check(row);
    } catch (error) {
      failures.push(`${row.section}, ${row.story}: ${error}`);
    }
  }
  if (failures.length === 0) return;
  throw new Error(`${failures.length} of ${rows.length} rows fail:\n\n${failures.join("\n\n")}`);
}
