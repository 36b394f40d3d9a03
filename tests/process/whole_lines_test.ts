import { assertEquals } from "@std/assert";
import { WholeLines } from "../../lib/process/worker_process.ts";

const MOST = 1024 * 1024;
const octetsOf = (text: string) => new TextEncoder().encode(text);

Deno.test("WholeLines gives the same lines, however the output is cut", () => {
  for (const text of ["", "a", "a\n", "\n", "a\n\nb", "é→😀\nb\nc\n", "\ufeffa\nb"]) {
    const octets = octetsOf(text);
    for (let size = 1; size <= octets.length + 1; size++) {
      const lines = new WholeLines();
      let taken = "";
      for (let i = 0; i < octets.length; i += size) taken += lines.take(octets.slice(i, i + size));
      const [last] = [text.split("\n").at(-1)!];
      assertEquals([taken, lines.end()], [text.slice(0, text.length - last.length), last]);
    }
  }
});

Deno.test("WholeLines keeps no more than 1 MiB of a line, and the next line whole", () => {
  const lines = new WholeLines();
  const piece = octetsOf("x".repeat(MOST / 2));
  for (let i = 0; i < 10; i++) assertEquals(lines.take(piece), "");
  assertEquals(lines.take(octetsOf("x\nnext\n")), `${"x".repeat(MOST)}\nnext\n`);
  for (let i = 0; i < 10; i++) lines.take(piece);
  assertEquals(lines.end(), "x".repeat(MOST));
});
