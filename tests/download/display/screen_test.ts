import { assert, assertEquals } from "@std/assert";
import {
  columnsOf,
  fitted,
  progressLine,
  Screen,
  type Terminal,
  timeLeft,
  totalLine,
} from "../../../lib/download/display/screen.ts";

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

const SIZE = { columns: 100, rows: 24 };

function screenOf(size = SIZE, hasColor = false) {
  const terminal = new FakeTerminal();
  return { terminal, screen: new Screen(terminal, () => size, hasColor) };
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

Deno.test("Screen draws no more lines than the terminal has, since no others can be drawn over", () => {
  const lines = (rows: number, total?: typeof TOTAL) => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal, () => ({ columns: 100, rows }), false, () => total);
    for (const name of ["a", "b", "c", "d"]) {
      screen.update(name, { received: MIB, length: undefined, server }, 0);
    }
    screen.say("");
    return terminal.writes.at(-1)!.split("\n").slice(1).map((line) => line.split("  ")[0]);
  };
  assertEquals(lines(4), ["a", "b", "c", "d"]);
  assertEquals(lines(4, TOTAL), ["a", "b", "and 2 more", "3 of 12 files"]);
  assertEquals(lines(3), ["a", "b", "and 2 more"]);
  assertEquals(lines(2, TOTAL), ["and 4 more", "3 of 12 files"]);
  assertEquals(lines(1), ["and 4 more"]);
  // Some terminals do not know their size.
  assertEquals(lines(0, TOTAL), ["a", "b", "c", "d", "3 of 12 files"]);
  const { terminal, screen } = screenOf({ columns: 0, rows: 0 });
  screen.update("name", { received: MIB, length: undefined, server }, 0);
  assertEquals(terminal.writes, ["name  1 MiB  s:1"]);
});

const TOTAL = {
  ended: 3,
  files: 12,
  isGrowing: false,
  bytes: MIB,
  length: 4 * MIB,
  transferred: 0,
};

Deno.test("Screen draws a line for all files of a run below those of each", () => {
  const terminal = new FakeTerminal();
  let transferred = 0;
  const total = () => ({ ...TOTAL, transferred });
  const screen = new Screen(terminal, () => SIZE, false, total);
  for (const now of [0, 300, 1000]) {
    transferred = now * 1024;
    screen.update("a", { received: MIB, length: undefined, server }, now);
  }
  const last = terminal.writes.at(-1)!.split("\n").at(-1);
  assertEquals(last, "3 of 12 files  1 MiB of 4 MiB  1,000 kiB/s  0:04 left");
  screen.end("a");
  assert(!terminal.writes.at(-1)!.includes("files"));
  const one = new Screen(terminal, () => SIZE, false, () => ({ ...TOTAL, ended: 0, files: 1 }));
  one.update("a", { received: MIB, length: undefined, server }, 0);
  assert(!terminal.writes.at(-1)!.includes("files"));
});

Deno.test("totalLine() tells what fits, and no end that is not known", () => {
  assertEquals(totalLine(TOTAL, undefined, 80), "3 of 12 files  1 MiB of 4 MiB");
  const growing = { ...TOTAL, isGrowing: true };
  assertEquals(totalLine(growing, MIB, 80), "3 of 12+ files  1 MiB  1 MiB/s");
  assertEquals(
    totalLine({ ...TOTAL, length: undefined }, MIB, 80),
    "3 of 12 files  1 MiB  1 MiB/s",
  );
  for (let columns = 1; columns <= 80; columns++) {
    const line = totalLine(TOTAL, MIB, columns);
    assert(columnsOf(line) <= Math.max(1, columns - 1), `${columns}: ${line}`);
  }
  assertEquals(totalLine(TOTAL, MIB, 29), "3 of 12 files");
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
  const screen = new Screen(gone, () => SIZE, true);
  screen.update("a", { received: 1, length: 2, server }, 0);
  screen.say("a");
  screen.end("a");
});

const HALF = { received: 2 * MIB, length: 4 * MIB, server: "server:8000" };

Deno.test("progressLine() shows name, bar, percent, size, speed, time left and server", () => {
  assertEquals(
    progressLine("a.iso", HALF, MIB, 100, false),
    `a.iso  [${"█".repeat(17)}${
      "░".repeat(17)
    }]   50 %  2 MiB of 4 MiB  1 MiB/s  0:02 left  server:8000`,
  );
});

Deno.test("progressLine() fits every width, and has the most important last", () => {
  for (let columns = 1; columns < 200; columns++) {
    const line = progressLine("n".repeat(50), HALF, MIB, columns, false);
    assert([...line].length < Math.max(2, columns), `${columns}: ${line}`);
  }
  assertEquals(
    progressLine("a.iso", HALF, MIB, 40, false),
    "a.iso   50 %  2 MiB of 4 MiB  1 MiB/s",
  );
});

Deno.test("progressLine() fits every width as a terminal counts it", () => {
  const names = ["天地玄黃宇宙洪荒".repeat(4), "e\u0301".repeat(50), "🦕".repeat(20)];
  const server = "サーバー.example:8000";
  for (const name of names) {
    for (let columns = 4; columns < 150; columns++) {
      const line = progressLine(name, { ...HALF, server }, MIB, columns, false);
      assert(columnsOf(line) < columns, `${columns}: ${line}`);
    }
  }
  const line = progressLine("天地玄黃", HALF, undefined, 12, false);
  assertEquals(line, "天地…");
});

Deno.test("progressLine() colors the bar only where that is wanted", () => {
  const color = "\x1b[32m";
  assert(progressLine("a", HALF, MIB, 100, true).includes(color));
  assert(!progressLine("a", HALF, MIB, 100, false).includes("\x1b"));
});

Deno.test("progressLine() shows what has arrived when the length is not known", () => {
  const progress = { ...HALF, length: undefined };
  assertEquals(
    progressLine("a", progress, undefined, 80, false),
    "a  2 MiB  server:8000",
  );
});

Deno.test("progressLine() stays in its line, whatever the names", () => {
  const progress = { ...HALF, server: "\x1b[2J\n" };
  const line = progressLine("\x1b[2J\n\u202e", progress, 1, 300, false);
  // deno-lint-ignore no-control-regex -- it is them that must not come through
  assert(!/[\x00-\x1f\u202e]/.test(line), JSON.stringify(line));
});

Deno.test("timeLeft() is told in minutes or hours, if it can be", () => {
  assertEquals(timeLeft(0, 100, 10), "0:10 left");
  assertEquals(timeLeft(0, 7199, 1), "1:59:59 left");
  assertEquals(timeLeft(100, 100, 1), "0:00 left");
  assertEquals(timeLeft(0, undefined, 1), undefined);
  assertEquals(timeLeft(0, 100, 0), undefined);
  assertEquals(timeLeft(0, 1e9, 1), undefined);
});

/** Texts, and the columns that a terminal shows them in. */
const ROWS: readonly (readonly [story: string, text: string, columns: number])[] = [
  ["nothing", "", 0],
  ["ASCII", "hello world", 11],
  ["Latin, precomposed", "grüße", 5],
  ["Latin, with combining marks", "gru\u0308\u00dfe", 5],
  ["several marks on one letter", "a\u0300\u0301\u0302", 1],
  ["an enclosing mark", "1\u20dd", 1],
  ["Chinese", "天地玄黃宇宙洪荒", 16],
  ["Japanese, with punctuation", "こんにちは、カタカナ。", 22],
  ["a voiced sound mark of its own", "か\u3099", 2],
  ["halfwidth katakana", "ｶﾀｶﾅ", 4],
  ["fullwidth Latin", "ｆｕｌｌ", 8],
  ["Korean", "한국어", 6],
  ["Korean in conjoining letters", "\u1112\u1161\u11ab", 2],
  ["an ideograph beyond the BMP", "\u{20000}", 2],
  ["emoji", "🦕🚀", 4],
  ["a symbol that is text", "☎©", 2],
  ["a flag", "🇪🇺", 2],
  ["zero-width space and joiners", "a\u200bb\u200c\u200d\ufeff", 2],
  ["a soft hyphen, which terminals show", "a\u00adb", 3],
  ["Arabic with marks", "\u0645\u064f\u062d", 2],
  ["what the progress line is drawn with", "█░…→", 4],
];

Deno.test("columnsOf() counts as a terminal does", () => {
  for (const [story, text, columns] of ROWS) assertEquals(columnsOf(text), columns, story);
});

Deno.test("fitted() cuts a text to what fits, and no mark from its letter", () => {
  for (const [story, text, columns] of ROWS) {
    assertEquals(fitted(text, Math.max(1, columns)), text, story);
    for (let most = 1; most < columns; most++) {
      const shown = fitted(text, most);
      assert(shown.endsWith("…") && text.startsWith(shown.slice(0, -1)), story);
      assert(columnsOf(shown) <= most && columnsOf(shown) >= most - 1, `${story}: ${shown}`);
    }
  }
  assertEquals(fitted("天地玄黃", 6), "天地…");
  assertEquals(fitted("e\u0301".repeat(9), 4), `${"e\u0301".repeat(3)}…`);
});
