import { assert, assertEquals } from "@std/assert";
import { Progress, type Terminal } from "../../lib/download/progress.ts";

/** A terminal that remembers what was written to it. */
class FakeTerminal implements Terminal {
  readonly writes: string[] = [];

  constructor(readonly hasPerson = true) {}

  isTerminal(): boolean {
    return this.hasPerson;
  }

  writeSync(octets: Uint8Array): number {
    this.writes.push(new TextDecoder().decode(octets));
    return octets.length;
  }
}

const MIB = 1024 * 1024;
const CLEAR = "\r\x1b[K";

Deno.test("Progress shows how far the download is and how fast", () => {
  const terminal = new FakeTerminal();
  const progress = new Progress("a.iso", terminal);
  progress.show(0, 4 * MIB, 1000);
  progress.show(MIB, 4 * MIB, 2000);
  progress.show(4 * MIB - 1, 4 * MIB, 3000);
  assertEquals(terminal.writes, [
    `${CLEAR}a.iso  0 % of 4 MiB`,
    `${CLEAR}a.iso  25 % of 4 MiB  1 MiB/s`,
    `${CLEAR}a.iso  99 % of 4 MiB  2 MiB/s`,
  ]);
});

Deno.test("Progress shows what has arrived when the length is not known", () => {
  const terminal = new FakeTerminal();
  const progress = new Progress("a", terminal);
  progress.show(0, undefined, 0);
  progress.show(1.5 * MIB, undefined, 1000);
  assertEquals(terminal.writes, [`${CLEAR}a  0 B`, `${CLEAR}a  1.5 MiB  1.5 MiB/s`]);
});

Deno.test("Progress shows a few lines a second at the most", () => {
  const terminal = new FakeTerminal();
  const progress = new Progress("a", terminal);
  for (let now = 0; now < 1000; now++) progress.show(now, 1000, now);
  assertEquals(terminal.writes.length, 5);
});

Deno.test("Progress.clear() takes the line away, if there is one", () => {
  const terminal = new FakeTerminal();
  const progress = new Progress("a", terminal);
  progress.clear();
  assertEquals(terminal.writes, []);
  progress.show(1, 2, 0);
  progress.clear();
  progress.clear();
  assertEquals(terminal.writes.slice(1), [CLEAR]);
});

Deno.test("Progress writes nothing where no person is looking", () => {
  const terminal = new FakeTerminal(false);
  const progress = new Progress("a", terminal);
  progress.show(1, 2, 0);
  progress.clear();
  assertEquals(terminal.writes, []);
});

Deno.test("Progress stays in its line, whatever the name", () => {
  const terminal = new FakeTerminal();
  const progress = new Progress(`\x1b[2J\n${"a".repeat(200)}`, terminal);
  progress.show(1, 2, 0);
  const [written = ""] = terminal.writes;
  assert(written.startsWith(CLEAR));
  const line = written.slice(CLEAR.length);
  assert(line.length <= 79, `${line.length} columns`);
  // deno-lint-ignore no-control-regex -- it is them that must not come through
  assert(!/[\x00-\x1f]/.test(line), JSON.stringify(line));
});

Deno.test("Progress bears a terminal that has gone away", () => {
  const gone: Terminal = {
    isTerminal: () => true,
    writeSync: () => {
      throw new Deno.errors.BrokenPipe();
    },
  };
  const progress = new Progress("a", gone);
  progress.show(1, 2, 0);
  progress.clear();
});
