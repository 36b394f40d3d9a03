import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { answering, FakeServer } from "../support/fake_server.ts";
import { manyOctets } from "../support/farm.ts";
import { assertRefused, hasIpv6, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const KIB = 1024;

Deno.test("client --limit-rate holds for all files and segments of a run together", async () => {
  const content = manyOctets(192 * KIB);
  await using root = await TemporaryDirectory.with({ a: content, b: content });
  await using server = await listeningRole("server", [root.path]);
  const urls = ["a", "b"].map((name) => `${server.origin}/${name}`);
  for (const segments of [1, 3]) {
    await using directory = await TemporaryDirectory.with();
    const args = ["--limit-rate=256K", "--min-speed=200K", `--segments=${segments}`, ...urls];
    const since = performance.now();
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    const seconds = (performance.now() - since) / 1000;
    assertEquals(code, 0, stderr);
    // But for a burst, and what was read and not yet counted when the last byte was there.
    const leastSeconds = (2 * content.length - 64 * KIB) / (256 * KIB);
    assert(seconds >= leastSeconds, `${seconds} s`);
    assertNotMatch(stderr, /going on at|tried|less than/);
    for (const name of ["a", "b"]) assertEquals(await directory.read(name), content);
  }
});

Deno.test("client -4 and -6 use addresses of one kind alone", async () => {
  await using server = new FakeServer(answering("200 OK", "four"));
  const run = (...args: string[]) => runRole("client", ["-q", "-o-", "--retries=0", ...args]);
  const { authority, port } = server;
  assertEquals((await run("-4", `http://${authority}/`)).stdout, "four");
  assertEquals((await run("--ipv4", `http://localhost:${port}/`)).stdout, "four");
  const rows: readonly [args: string[], line: RegExp][] = [
    [["-6", `http://${authority}/`], /^client: 127\.0\.0\.1:\d+: it has no IPv6 address$/m],
    [["-4", "http://[::1]/"], /^client: \[::1\]:80: it has no IPv4 address$/m],
    [["-6", "http://no-such-host.invalid/"], /was not found, or has no IPv6 address|name server/],
  ];
  for (const [args, line] of rows) {
    const { code, stderr } = await run(...args);
    assertMatch(stderr, line);
    assertEquals(code, 3);
  }
  const both = await run("-4", "-6", `http://${authority}/`);
  assertRefused(both, 2, /^client: -4 and -6 exclude each other$/m);
  assertEquals(server.requestHeads.length, 2);
  if (!hasIpv6) return;
  await using six = new FakeServer(answering("200 OK", "six"), "::1");
  assertEquals((await run("-6", `http://${six.authority}/`)).stdout, "six");
});
