import { assertEquals } from "@std/assert";
import { escapeControls } from "../../lib/log/console.ts";
import { run } from "../support/process.ts";

Deno.test("escapeControls() escapes what steers a terminal and nothing else", () => {
  const cases: [text: string, escaped: string][] = [
    ["301 Moved → http://é/😀\\", "301 Moved → http://é/😀\\"],
    ["a\r\nb\x1b[31m\x7f\x9b", "a\\x0D\\x0Ab\\x1B[31m\\x7F\\x9B"],
    ["a\u2028b\u202ec", "a\\u2028b\\u202ec"],
  ];
  for (const [text, escaped] of cases) assertEquals(escapeControls(text), escaped);
});

const CONSOLE = JSON.stringify(import.meta.resolve("../../lib/log/console.ts"));

Deno.test("say() writes one line to standard error and print() text to standard output", async () => {
  const source = `import { print, say } from ${CONSOLE}; say("a\\nb → c"); print("d\\ne");`;
  const { code, stdout, stderr } = await run(Deno.execPath(), ["eval", "--quiet", source]);
  assertEquals([code, stdout, stderr], [0, "d\ne\n", "a\\x0Ab → c\n"]);
});

Deno.test("say() and print() tolerate a closed pipe", async () => {
  const source = `import { print, say } from ${CONSOLE};
    await Deno.stdin.read(new Uint8Array(1));
    say("a"); print("b"); Deno.exit(7);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", source],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  await child.stdin.close();
  assertEquals((await child.status).code, 7);
});
