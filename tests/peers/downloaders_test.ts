import { assertEquals, assertMatch } from "@std/assert";
import { manyOctets, startFarm } from "../support/farm.ts";
import { runPeer } from "../support/peer.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const LARGE = manyOctets(24 * 1024 * 1024);
const FILES = { "page.html": "<!DOCTYPE html><p>page", "empty": "", "large.bin": LARGE };

Deno.test("wget gets every file byte for byte through the balancer and straight", async () => {
  await using farm = await startFarm(FILES);
  for (const { origin } of [farm.balancer, farm.servers[0]!]) {
    await using directory = await TemporaryDirectory.with();
    const urls = Object.keys(FILES).map((name) => `${origin}/${name}`);
    const { code, stderr } = await runPeer("wget", ["--no-verbose", ...urls], {
      cwd: directory.path,
    });
    assertEquals(code, 0, stderr);
    assertEquals(await directory.names(), Object.keys(FILES).sort());
    for (const name of Object.keys(FILES)) {
      assertEquals(await directory.read(name), await farm.root.read(name));
    }
  }
});

Deno.test("wget --spider asks with HEAD through the balancer", async () => {
  await using farm = await startFarm(FILES);
  const spider = (name: string) => runPeer("wget", ["--spider", `${farm.balancer.origin}/${name}`]);
  const { code, stderr } = await spider("large.bin");
  assertMatch(stderr, new RegExp(`^Length: ${LARGE.length} `, "m"));
  assertMatch(stderr, /^Remote file exists/m);
  assertEquals(code, 0);
  assertEquals((await spider("none")).code, 8);
});

Deno.test("wget is told that it may not POST", async () => {
  await using farm = await startFarm(FILES);
  const args = ["--post-data=a=b", "-O", "/dev/null", `${farm.balancer.origin}/page.html`];
  const { code, stderr } = await runPeer("wget", args);
  assertMatch(stderr, /ERROR 405: Method Not Allowed\.$/m);
  assertEquals(code, 8);
});

Deno.test("aria2c gets a file byte for byte through the balancer, in one piece or in many", async () => {
  await using farm = await startFarm(FILES);
  for (const split of [[], ["--split=4", "--max-connection-per-server=4", "--min-split-size=1M"]]) {
    await using directory = await TemporaryDirectory.with();
    const quiet = ["--no-conf", "--quiet", "--file-allocation=none", "--enable-dht=false"];
    const args = [...quiet, ...split, `${farm.balancer.origin}/large.bin`];
    const { code, stdout } = await runPeer("aria2c", args, { cwd: directory.path });
    assertEquals(code, 0, stdout);
    assertEquals(await directory.names(), ["large.bin"]);
    assertEquals(await directory.read("large.bin"), LARGE);
  }
});

Deno.test("aria2c takes the balancer as several mirrors of many files at a time", async () => {
  await using farm = await startFarm(FILES);
  await using directory = await TemporaryDirectory.with();
  const list = Array.from(
    { length: 20 },
    (_, i) => `${farm.balancer.origin}/page.html?${i}\n out=${i}\n`,
  );
  const args = ["--no-conf", "--quiet", "--input-file=-", "--max-concurrent-downloads=8"];
  const { code, stdout } = await runPeer("aria2c", args, {
    cwd: directory.path,
    stdin: list.join(""),
  });
  assertEquals(code, 0, stdout);
  for (let i = 0; i < 20; i++) {
    assertEquals(await directory.read(`${i}`), await farm.root.read("page.html"));
  }
});
