// The same Metalink documents for client.ts and aria2c, over our servers and nginx.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { manyOctets } from "../support/farm.ts";
import { fileServer } from "../support/file_server.ts";
import { type Described, metalinkOf } from "../support/metalink.ts";
import { runPeer, startNginx } from "../support/peer.ts";
import type { Finished } from "../support/process.ts";
import { freePort, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const PIECE = 256 * 1024;
const CONTENT = manyOctets(5_000_000);
const DAMAGED = CONTENT.with(5 * PIECE + 9, CONTENT[5 * PIECE + 9]! ^ 1);

const ARIA2 = ["--no-conf", "--file-allocation=none", "--enable-dht=false", "--max-tries=2"];

/** Downloads by a document with client.ts and with aria2c, each in a directory of its own. */
async function both(described: Partial<Described>): Promise<readonly Finished[]> {
  await using stack = new AsyncDisposableStack();
  const ours = stack.use(await fileServer({ "a.bin": DAMAGED }));
  const root = stack.use(await TemporaryDirectory.with({ "a.bin": CONTENT }));
  const nginx = `127.0.0.4:${freePort()}`;
  stack.use(await startNginx(`root ${root.path};`, nginx));
  const urls = [`${ours.role.origin}/a.bin`, `http://${nginx}/a.bin`];
  const document = metalinkOf({ content: CONTENT, urls, pieceBytes: PIECE, ...described });
  const finished: Finished[] = [];
  for (const isOurs of [true, false]) {
    const directory = stack.use(await TemporaryDirectory.with({ "a.meta4": document }));
    const { path: cwd } = directory;
    const run = isOurs
      ? await runRole("client", ["--segments=2", "a.meta4"], { cwd })
      : await runPeer("aria2c", [...ARIA2, "--split=2", "-M", "a.meta4"], { cwd });
    finished.push(run);
    if (run.code !== 0) continue;
    const saved = await directory.read("a.bin");
    assert(saved.every((it, i) => it === CONTENT[i]) && saved.length === CONTENT.length);
  }
  return finished;
}

Deno.test("client.ts and aria2c fetch a piece that is bad from another server", async () => {
  for (const { code, stdout, stderr } of await both({})) assertEquals(code, 0, stdout + stderr);
});

Deno.test("client.ts and aria2c keep nothing where no server has a piece", async () => {
  const [ours, aria2] = await both({ wrongPiece: 3 }) as [Finished, Finished];
  assertEquals(ours.code, 6, ours.stderr);
  assertStringIncludes(ours.stderr, "piece 4 of 20");
  assert(aria2.code !== 0, aria2.stdout);
});
