import { assertEquals } from "@std/assert";
import { Process } from "../support/process.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { Inspector } from "./inspector.ts";

/** Runs one of two functions for each byte that comes, and answers with it. */
const PROGRAM = `
import { other } from "./other.ts";
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(listener.addr.port);
function one() {}
function two() { other(); }
const conn = await listener.accept();
const buffer = new Uint8Array(1);
while (await conn.read(buffer) !== null) {
  if (buffer[0] === 1) one(); else two();
  await conn.write(buffer);
}
`;

Deno.test("an inspector tells which functions ran since the last time, in files of one root", async () => {
  await using directory = await TemporaryDirectory.with({
    "main.ts": PROGRAM,
    "other.ts": "export function other() {}",
  });
  const main = directory.join("main.ts");
  const args = ["run", "--inspect=127.0.0.1:0", "--allow-net", main];
  await using process = new Process(Deno.execPath(), args);
  const port = Number(await process.stdout.next(/^[0-9]+$/));
  const line = await process.stderr.next(/^Debugger listening on /);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const ask = async (octet: number) => {
    await conn.write(new Uint8Array([octet]));
    await conn.read(new Uint8Array(1));
  };
  using inspector = await Inspector.connect(line);
  await ask(1);
  const root = `file://${directory.path}/`;
  await inspector.takeCoverage(root);
  await ask(2);
  const called = await inspector.takeCoverage(root);
  assertEquals(called.filter((it) => !it.endsWith(": ")), [
    "main.ts: two",
    "other.ts: other",
  ]);
  await ask(1);
  const functions = await inspector.takeCoverage(root);
  assertEquals(functions.filter((it) => !it.endsWith(": ")), ["main.ts: one"]);
  assertEquals(await inspector.takeCoverage("file:///nowhere/"), []);
});
