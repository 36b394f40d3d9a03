import { assertEquals } from "@std/assert";
import { escapeControls } from "../../lib/log/console.ts";

Deno.test("escapeControls() escapes what steers a terminal and nothing else", () => {
  const cases: [text: string, escaped: string][] = [
    ["301 Moved → http://é/😀\\", "301 Moved → http://é/😀\\"],
    ["a\r\nb\x1b[31m\x7f\x9b", "a\\x0D\\x0Ab\\x1B[31m\\x7F\\x9B"],
    ["a\u2028b\u202ec", "a\\u2028b\\u202ec"],
  ];
  for (const [text, escaped] of cases) assertEquals(escapeControls(text), escaped);
});

/** What a process that runs the code prints, read to its end. */
async function run(code: string) {
  const log = JSON.stringify(import.meta.resolve("../../lib/log/console.ts"));
  const source = `import { print, say } from ${log};\n${code}`;
  const process = new Deno.Command(Deno.execPath(), { args: ["eval", "--quiet", source] });
  const { code: status, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { status, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("say() writes one line to standard error and print() text to standard output", async () => {
  assertEquals(await run(`say("a\\nb → c"); print("d\\ne");`), {
    status: 0,
    stdout: "d\ne\n",
    stderr: "a\\x0Ab → c\n",
  });
});

Deno.test("say() and print() tolerate a closed pipe", async () => {
  const log = JSON.stringify(import.meta.resolve("../../lib/log/console.ts"));
  const source = `import { print, say } from ${log};
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
