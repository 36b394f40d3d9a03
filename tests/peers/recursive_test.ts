import { assertEquals, assertMatch } from "@std/assert";
import { manyOctets } from "../support/farm.ts";
import { run } from "../support/process.ts";
import { startCaddy } from "../support/caddy.ts";
import { runPeer, startNginx, startPeer } from "../support/peer.ts";
import { freePort, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const FILES = {
  "plain.txt": "plain",
  "a&b <c> %.txt": "odd",
  "ünïcode.txt": "é",
  "large.bin": manyOctets(3_000_000),
  "sub dir/inner": "inner",
  "sub dir/deeper/still/x.iso": "x",
};

/** python -m http.server, once it listens. */
async function startPython(root: string) {
  const port = freePort();
  const args = ["-u", "-m", "http.server", "--bind=127.0.0.1", `${port}`];
  const process = startPeer("python3", args, { cwd: root });
  await process.stdout.next(/^Serving HTTP/);
  const end = () => process[Symbol.asyncDispose]();
  return { origin: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: end };
}

const SERVERS = {
  "nginx, JSON": (root: string) =>
    startNginx(`root ${root}; autoindex on; autoindex_format json; charset utf-8;`),
  "nginx, HTML": (root: string) => startNginx(`root ${root}; autoindex on;`),
  "Caddy": (root: string) => startCaddy(`root * ${root}\n  file_server browse`),
  "python": startPython,
  "server.ts": (root: string) => listeningRole("server", ["--listing", "--log=none", root]),
};

for (const [name, start] of Object.entries(SERVERS)) {
  Deno.test(`client --recursive has the same files as wget --mirror, from ${name}`, async () => {
    await using root = await TemporaryDirectory.with(FILES);
    await using server = await start(root.path);
    await using copies = await TemporaryDirectory.with();
    const url = `${server.origin}/`;
    const mirror = (...args: string[]) =>
      runRole("client", ["-r", "-d", "ours", ...args, url], { cwd: copies.path });
    const first = await mirror();
    assertEquals(first.code, 0, first.stderr);
    const diff = async (one: string, other: string, ...args: string[]) => {
      const { code, stdout } = await run("diff", ["-r", ...args, one, other]);
      assertEquals([code, stdout], [0, ""]);
    };
    await diff(root.path, copies.join("ours"));
    const again = await mirror("-c", "--delete");
    assertMatch(again.stderr, /^6 files: 0 saved, 6 were there; 0 bytes in /m);
    // wget follows no JSON; it saves pages as index.html.
    if (name === "nginx, JSON") return;
    const wget = [
      "--quiet",
      "--mirror",
      "--no-parent",
      "--no-host-directories",
      "-P",
      "theirs",
      url,
    ];
    assertEquals((await runPeer("wget", wget, { cwd: copies.path })).code, 0);
    await diff(copies.join("ours"), copies.join("theirs"), "--exclude=index.html*");
  });
}
