import { assert, assertEquals } from "@std/assert";
import { Screen, type Terminal } from "../../lib/download/screen.ts";

/** A terminal that remembers what was written to it. */
class FakeTerminal implements Terminal {
  readonly writes: string[] = [];

  writeSync(bytes: Uint8Array): number {
    this.writes.push(new TextDecoder().decode(bytes));
    return bytes.length;
  }
}

const MIB = 1024 * 1024;
const CLEAR = "\r\x1b[K";
const server = "s:1";

function screenOf(columns = 100, hasColor = false) {
  const terminal = new FakeTerminal();
  return { terminal, screen: new Screen(terminal, () => columns, hasColor) };
}

Deno.test("Screen draws a line over itself, some times a second at the most", () => {
  const { terminal, screen } = screenOf();
  for (let now = 0; now < 1000; now++) {
    screen.update("a", { received: now, length: 1000, server }, now);
  }
  assertEquals(terminal.writes.length, 5);
  assert(!terminal.writes[0]!.includes("\r"));
  for (const write of terminal.writes.slice(1)) assert(write.startsWith(CLEAR));
});

Deno.test("Screen draws a line for each download, and what stays above them", () => {
  const { terminal, screen } = screenOf();
  screen.update("a", { received: MIB, length: undefined, server }, 0);
  screen.update("b", { received: MIB, length: undefined, server }, 300);
  assertEquals(terminal.writes.at(-1), `${CLEAR}a  1 MiB  s:1\nb  1 MiB  s:1`);
  screen.say("stays\x1b[2J");
  const both = "\r\x1b[K\x1b[A\x1b[K";
  assertEquals(terminal.writes.at(-1), `${both}stays\\x1B[2J\na  1 MiB  s:1\nb  1 MiB  s:1`);
  screen.end("a");
  assertEquals(terminal.writes.at(-1), `${both}b  1 MiB  s:1`);
  screen.end("b");
  assertEquals(terminal.writes.at(-1), CLEAR);
});

Deno.test("Screen writes nothing when there is nothing to take away", () => {
  const { terminal, screen } = screenOf();
  screen.end("a");
  assertEquals(terminal.writes, []);
});

Deno.test("Screen bears a terminal that has gone away", () => {
  const gone: Terminal = {
    writeSync: () => {
      throw new Deno.errors.BrokenPipe();
    },
  };
  const screen = new Screen(gone, () => 80, true);
  screen.update("a", { received: 1, length: 2, server }, 0);
  screen.say("a");
  screen.end("a");
});
