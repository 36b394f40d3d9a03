// What nginx and Caddy encode, as client.ts and curl save it with --compressed.

import { assertEquals, assertMatch } from "@std/assert";
import { startCaddy } from "../support/caddy.ts";
import { runPeer, startNginx } from "../support/peer.ts";
import { freePort, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const TEXT = new TextEncoder().encode("a line that comes again and again\n".repeat(50_000));

Deno.test("client.ts and curl save the same of what nginx and Caddy encode", async () => {
  await using root = await TemporaryDirectory.with({ "a.txt": TEXT });
  const authority = `127.0.0.1:${freePort()}`;
  const options = "gzip on; gzip_types *; gzip_min_length 1;";
  await using _nginx = await startNginx(`root ${root.path}; ${options}`, authority);
  await using caddy = await startCaddy(`root * ${root.path}\n  encode zstd gzip\n  file_server`);
  for (const [server, coding] of [[authority, "gzip"], [caddy.authority, "zstd"]] as const) {
    await using directory = await TemporaryDirectory.with();
    const { path: cwd } = directory;
    const url = `http://${server}/a.txt`;
    const ours = await runRole("client", ["--compressed", "-v", url], { cwd });
    assertEquals(ours.code, 0, ours.stderr);
    assertMatch(ours.stderr, new RegExp(`^< content-encoding: ${coding}$`, "im"));
    const curl = await runPeer("curl", ["--compressed", "-sS", "-o", "of-curl", url], { cwd });
    assertEquals(curl.code, 0, curl.stderr);
    for (const name of ["a.txt", "of-curl"]) assertEquals(await directory.read(name), TEXT);
  }
});
