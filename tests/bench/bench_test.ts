import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { finished, Process } from "../support/process.ts";

const BENCH = fromFileUrl(new URL("bench.ts", import.meta.url));

async function bench(...args: readonly string[]) {
  await using process = new Process(Deno.execPath(), ["run", "--quiet", "-A", BENCH, ...args]);
  return await finished(process);
}

Deno.test("bench --list names the suites, which --help names as well", async () => {
  const { stdout, code } = await bench("--list");
  assertEquals(code, 0);
  const names = stdout.trimEnd().split("\n");
  assertEquals(names.includes("redirect") && names.includes("coverage"), true, stdout);
  const help = await bench("--help");
  assertEquals(help.stdout.replace(/\s+/g, " ").includes(names.join(", ")), true, help.stdout);
});

Deno.test("bench accepts no suite that it has not", async () => {
  const { stdout, stderr, code } = await bench("redirects");
  assertEquals({ stdout, code }, { stdout: "", code: 2 });
  assertMatch(stderr, /^bench: redirects is no suite: redirect, files, [^\n]* are accepted\n/);
});
