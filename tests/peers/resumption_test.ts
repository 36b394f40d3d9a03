import { assert, assertEquals, assertMatch } from "@std/assert";
import { manyOctets, startFarm } from "../support/farm.ts";
import { fileGrownTo } from "../support/file_state.ts";
import { runPeer, startPeer } from "../support/peer.ts";
import { type ListeningRole, listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const LARGE = manyOctets(24 * 1024 * 1024);
/** How much of it is there already. */
const HAD = 10_000_001;

const ARIA2 = ["--no-conf", "--quiet", "--file-allocation=none", "--enable-dht=false"];

/** By the name of a program that resumes downloads, how it is told to. */
const RESUMING = {
  "curl": ["--silent", "--show-error", "--location", "--continue-at", "-", "--remote-name"],
  "wget": ["--no-verbose", "--continue"],
  "aria2c": [...ARIA2, "--continue"],
} as const;

type Resumer = keyof typeof RESUMING;
const RESUMERS = Object.keys(RESUMING) as Resumer[];

/** Ends servers: how many of their answers were parts. */
async function partsSentBy(servers: readonly ListeningRole[]): Promise<number> {
  for (const { process } of servers) process.signal("SIGTERM");
  await Promise.all(servers.map(({ process }) => process.ended));
  const lines = servers.flatMap(({ process }) => process.stdout.lines);
  return lines.filter((line) => /"GET \/large\.bin HTTP\/1\.1" 206 /.test(line)).length;
}

for (const name of RESUMERS) {
  Deno.test(`${name} fetches what is missing of a file, through the balancer and straight`, async () => {
    await using farm = await startFarm({ "large.bin": LARGE });
    for (const { origin } of [farm.balancer, farm.servers[0]!]) {
      await using directory = await TemporaryDirectory.with({
        "large.bin": LARGE.subarray(0, HAD),
      });
      const args = [...RESUMING[name], `${origin}/large.bin`];
      const { code, stderr } = await runPeer(name, args, { cwd: directory.path });
      assertEquals(code, 0, stderr);
      assertEquals(await directory.read("large.bin"), LARGE);
    }
    assert(await partsSentBy(farm.servers) >= 2, "it was not resumed");
  });

  Deno.test(`${name} sees that a file is complete`, async () => {
    await using farm = await startFarm({ "large.bin": LARGE });
    await using directory = await TemporaryDirectory.with({ "large.bin": LARGE });
    const args = [...RESUMING[name], `${farm.servers[0]!.origin}/large.bin`];
    const { code, stderr } = await runPeer(name, args, { cwd: directory.path });
    assertEquals(code, 0, stderr);
    assertEquals(await directory.read("large.bin"), LARGE);
  });

  Deno.test(`${name} goes on at another server of the farm when it was interrupted`, async () => {
    await using farm = await startFarm({ "large.bin": LARGE });
    await using slow = await listeningRole("server", [farm.root.path, "--limit-rate=2M"]);
    await using directory = await TemporaryDirectory.with();
    const options = { cwd: directory.path };
    const interrupted = startPeer(name, [...RESUMING[name], `${slow.origin}/large.bin`], options);
    await fileGrownTo(directory.join("large.bin"), 100_000);
    interrupted.signal("SIGINT");
    await interrupted.ended;
    const args = [...RESUMING[name], `${farm.balancer.origin}/large.bin`];
    const { code, stderr } = await runPeer(name, args, options);
    assertEquals(code, 0, stderr);
    assertEquals(await directory.read("large.bin"), LARGE);
    assert(await partsSentBy(farm.servers) >= 1, "it was not resumed");
  });
}

Deno.test("aria2c fetches a file over 16 connections at a time", async () => {
  await using root = await TemporaryDirectory.with({ "large.bin": LARGE });
  // So slow that no connection has fetched it all before the others are there.
  await using server = await listeningRole("server", [root.path, "--limit-rate=2M"]);
  await using balancer = await listeningRole("balancer", [server.authority]);
  for (const { origin } of [balancer, server]) {
    await using directory = await TemporaryDirectory.with();
    const args = [...ARIA2, "-x16", "-s16", "-k1M", `${origin}/large.bin`];
    const { code, stdout } = await runPeer("aria2c", args, { cwd: directory.path });
    assertEquals(code, 0, stdout);
    assertEquals(await directory.read("large.bin"), LARGE);
  }
  assert(await partsSentBy([server]) >= 2 * 15, "it was not split");
});

Deno.test("curl gets several ranges as parts of one response", async () => {
  await using farm = await startFarm({ "large.bin": LARGE });
  const url = `${farm.servers[0]!.origin}/large.bin`;
  const { stdout } = await runPeer("curl", ["--silent", "--range", "0-9,1000000-1000009", url]);
  assertMatch(stdout, /Content-Range: bytes 0-9\/25165824\r\n[^]*bytes 1000000-1000009\/25165824/);
});

Deno.test("wget --timestamping fetches a file again only when it is newer", async () => {
  await using farm = await startFarm({ "page.html": "old" });
  await using directory = await TemporaryDirectory.with();
  const page = farm.root.join("page.html");
  const fetchAt = async (seconds: number, content: string) => {
    await Deno.writeTextFile(page, content);
    await Deno.utime(page, seconds, seconds);
    const args = ["--no-verbose", "--timestamping", `${farm.servers[0]!.origin}/page.html`];
    const { code, stderr } = await runPeer("wget", args, { cwd: directory.path });
    assertEquals(code, 0, stderr);
    return await Deno.readTextFile(directory.join("page.html"));
  };
  assertEquals(await fetchAt(784111777, "one"), "one");
  assertEquals(await fetchAt(784111777, "two"), "one");
  const { process } = farm.servers[0]!;
  await process.stdout.next(/"GET \/page\.html .*" 304 /);
});

Deno.test("curl asks by entity-tag and by date whether a file is another one", async () => {
  await using farm = await startFarm({ "page.html": "page" });
  await using directory = await TemporaryDirectory.with();
  const url = `${farm.servers[0]!.origin}/page.html`;
  const common = ["--silent", "--output", "page.html", "--write-out", "%{http_code}", url];
  const curl = async (...args: string[]) =>
    (await runPeer("curl", [...args, ...common], { cwd: directory.path })).stdout;
  assertEquals(await curl("--etag-save", "tag", "--remote-time"), "200");
  assertEquals(await curl("--etag-compare", "tag"), "304");
  assertEquals(await curl("--time-cond", "page.html"), "304");
  await Deno.writeTextFile(directory.join("tag"), '"other"\n');
  assertEquals(await curl("--etag-compare", "tag"), "200");
});
