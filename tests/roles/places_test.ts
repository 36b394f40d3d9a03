// The files by which balancer.ts knows where clients and servers are.

import { assertEquals, assertMatch } from "@std/assert";
import type { WhyDocument } from "../../lib/balancing/why.ts";
import {
  adminPortOf,
  countSaid,
  ListedBalancer,
  said,
  untilAnswering,
} from "../support/balancer.ts";
import { childrenOf, eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { mmdbFile } from "../support/mmdb_file.ts";
import { RawClient } from "../support/raw_client.ts";
import { assertRefused, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** There is no SIGHUP elsewhere. */
const ignore = Deno.build.os === "windows";

const FIT = answering("200 OK", "test");

const COUNTRIES = mmdbFile({ "127.0.0.0/8": { country_code: "DE" } });

const FILES = {
  "zones.txt": "127.0.0.0/8 here\n::1/128 here\n",
  "x.mmdb": COUNTRIES,
  "bits.txt": "# here\n127.0.0.1/8 here\n",
  "twice.txt": "127.0.0.0/8 here\n127.0.0.0/8 there\n",
  "empty.mmdb": "",
  "short.mmdb": COUNTRIES.slice(0, -30),
  "directory/zones.txt": "",
};

/** Options that are refused, and the one line about them. */
const REFUSED: readonly (readonly [option: string, line: RegExp])[] = [
  ["--zones=none", /^balancer: --zones=none does not exist$/m],
  ["--zones=directory", /^balancer: --zones=directory is a directory$/m],
  ["--zones=/dev/null", /^balancer: --zones=\/dev\/null is no file that can be read again$/m],
  ["--zones=bits.txt", /^balancer: bits\.txt:2: ".*" has bits set .*: write 127\.0\.0\.0\/8$/m],
  [
    "--zones=twice.txt",
    /^balancer: twice\.txt:2: gives the zone there to the network of line 1, which has here/m,
  ],
  ["--zones=x.mmdb", /^balancer: x\.mmdb:1: /m],
  ["--zones=", /^balancer: .*--zones/m],
  ["--geoip=none", /^balancer: --geoip=none does not exist$/m],
  ["--geoip=directory", /^balancer: --geoip=directory is a directory$/m],
  ["--geoip=empty.mmdb", /^balancer: --geoip=empty\.mmdb is no database in MaxMind's format/m],
  ["--geoip=zones.txt", /^balancer: --geoip=zones\.txt is no database in MaxMind's format/m],
  ["--geoip=short.mmdb", /^balancer: --geoip=short\.mmdb is damaged: a value lies outside/m],
  ["--tier-min=0", /^balancer: --tier-min=0: a number from 1 to 1000/m],
];

Deno.test("balancer refuses files of places that are none, in one line, and ends with 2", async () => {
  await using directory = await TemporaryDirectory.with(FILES);
  const permissions = ["--allow-net", "--allow-read"];
  const options = { cwd: directory.path, permissions };
  for (const [option, line] of REFUSED) {
    if (option.includes("/dev/") && ignore) continue;
    assertRefused(await runRole("balancer", [option, "127.0.0.1:1"], options), 2, line);
  }
});

Deno.test("balancer says which permission the files of places need", async () => {
  await using directory = await TemporaryDirectory.with(FILES);
  const options = { cwd: directory.path, permissions: ["--allow-net", "--allow-read=zones.txt"] };
  const args = ["--zones=zones.txt", "--geoip=x.mmdb", "127.0.0.1:1"];
  assertRefused(
    await runRole("balancer", args, options),
    2,
    /^balancer: --geoip=x\.mmdb needs --allow-read=x\.mmdb as well$/m,
  );
});

Deno.test("balancer needs to read nothing but the files of places", async () => {
  await using farm = new FakeServer(FIT);
  await using directory = await TemporaryDirectory.with(FILES);
  const permissions = ["--allow-net", "--allow-read=zones.txt,x.mmdb"];
  const args = ["--zones=zones.txt", "--geoip=x.mmdb", farm.authority];
  await using balancer = await listeningRole("balancer", args, {
    cwd: directory.path,
    permissions,
  });
  assertEquals(balancer.process.stderr.lines.slice(0, 2), [
    'balancer: places are known by 2 rules for 1 zone and the database "Test-Country" of 2026-11-20',
    "balancer: testing 1 server",
  ]);
});

/** Starts a balancer with zones in a file of the directory, and one server. */
async function withZones(
  directory: TemporaryDirectory,
  server: string,
  args: readonly string[] = [],
  more: readonly string[] = [],
): Promise<ListedBalancer> {
  const zones = directory.join("zones.txt");
  const permissions = ["--allow-net=127.0.0.1", `--allow-read=${zones}`, ...more];
  return await ListedBalancer.start([server], [`--zones=${zones}`, ...args], permissions);
}

Deno.test({
  name: "balancer reads files of places again, and keeps them where one has a mistake",
  ignore,
  async fn() {
    await using farm = new FakeServer(FIT);
    await using directory = await TemporaryDirectory.with(FILES);
    await using balancer = await withZones(directory, farm.authority);
    await directory.write("zones.txt", "127.0.0.0/8 here\n10.0.0.0/8 campus\n");
    const line = await balancer.hangUp("places are known by 2 rules for 2 zones");
    assertEquals(line, "balancer: places are known by 2 rules for 2 zones");
    await said(balancer, "no server is in the zone campus$");

    await directory.write("zones.txt", "127.0.0.0/8 here\n\n10.0.0.0/8\n");
    const mistake = await balancer.hangUp("the places stay as they were: ");
    assertMatch(mistake, /: the places stay as they were: .*zones\.txt:3: "10\.0\.0\.0\/8" has no/);
    await Deno.remove(directory.join("zones.txt"));
    await balancer.hangUp("the places stay as they were: --zones=.* does not exist");
    assertEquals(countSaid(balancer, "no server is in the zone"), 1);

    using client = await RawClient.connect(balancer.port);
    assertEquals((await client.get("/x")).statusCode, 301);
    assertEquals(farm.requestHeads.length, 1);
  },
});

Deno.test({
  name: "balancer says once which zones of its list no rule gives, and again when they come back",
  ignore,
  async fn() {
    await using farm = new FakeServer(FIT);
    await using directory = await TemporaryDirectory.with(FILES);
    const marked = `${farm.authority} zone=campus+lab`;
    await using balancer = await withZones(directory, marked);
    const unruled = "balancer: no rule gives the zones campus, lab";
    const unserved = "balancer: no server is in the zone here";
    const first = balancer.process.stderr.lines.filter((it) => / the zones? /.test(it));
    assertEquals(first, [unruled, unserved]);

    await balancer.relist(marked);
    assertEquals(countSaid(balancer, unruled), 1);
    await balancer.relist(`${farm.authority} zone=campus,country=de`);
    assertEquals(countSaid(balancer, "in the list: its place is zone=campus country=de"), 1);
    await balancer.relist(`${farm.authority} country=de`);
    assertEquals(countSaid(balancer, "in the list: its place is country=de"), 1);
    // It is in the zone of its address until it is in others again.
    await balancer.relist(marked);
    await said(balancer, unserved);
    assertEquals([countSaid(balancer, unruled), countSaid(balancer, unserved)], [2, 2]);
    assertEquals(farm.requestHeads.length, 1);
  },
});

Deno.test({
  name: "balancer's workers read the files of places, and new ones at SIGHUP",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using farm = new FakeServer(FIT);
    await using directory = await TemporaryDirectory.with(FILES);
    const run = [`--allow-run=${Deno.execPath()}`];
    await using balancer = await withZones(directory, farm.authority, ["--workers=2"], run);
    const before = await childrenOf(balancer.process.pid);
    assertEquals(before.length, 2);
    const isReplaced = async () => {
      const now = await childrenOf(balancer.process.pid);
      return now.length === 2 && !now.some((pid) => before.includes(pid));
    };
    await directory.write("zones.txt", "127.0.0.1/8 here\n");
    await balancer.hangUp("the new worker does not listen; the others go on");
    assertEquals(countSaid(balancer, "the places stay as they were: "), 1);
    assertEquals((await childrenOf(balancer.process.pid)).sort(), before.sort());
    await untilAnswering(balancer);

    await directory.write("zones.txt", "127.0.0.0/8 there\n");
    await balancer.hangUp("all workers were replaced");
    assertEquals(countSaid(balancer, "places are known by 1 rule for 1 zone"), 1);
    await eventually(isReplaced);
    await untilAnswering(balancer);
    assertEquals(farm.requestHeads.length, 1);
  },
});

Deno.test("balancer sends clients to servers of their zone, with workers too, and says why", async () => {
  await using directory = await TemporaryDirectory.with({ "zones.txt": "127.0.0.0/8 here\n" });
  await using near = new FakeServer(FIT);
  await using far = new FakeServer(FIT);
  for (const workers of [1, 2]) {
    await using balancer = await listeningRole("balancer", [
      ...[`--zones=${directory.join("zones.txt")}`, `--workers=${workers}`, "--admin=127.0.0.1:0"],
      ...[`${near.authority},zone=here`, `${far.authority},zone=there`],
    ], { permissions: ["--allow-net", "--allow-read", "--allow-run"] });
    const admin = `http://127.0.0.1:${await adminPortOf(balancer)}`;
    for (let i = 0; i < 20; i++) {
      const { headers, body } = await fetch(`${balancer.origin}/x`, { redirect: "manual" });
      await body?.cancel();
      assertEquals(headers.get("location"), `http://${near.authority}/x`);
    }
    const why = async (client: string) => {
      const headers = { accept: "application/json" };
      const { tier, servers } = await (await fetch(`${admin}/why?client=${client}`, { headers }))
        .json() as WhyDocument;
      return [tier, ...servers.map(({ probability, reason }) => reason ?? probability > 0)];
    };
    assertEquals(await why("127.0.0.1"), ["zone", true, "other-tier"]);
    assertEquals(await why("192.0.2.1"), ["all", true, true]);
    await eventually(async () => {
      const metrics = await (await fetch(`${admin}/metrics`)).text();
      return metrics.includes('balancer_tier_redirects_total{tier="zone"} 20\n');
    });
  }
});

Deno.test("balancer sends clients elsewhere when their zone has no server, and logs that once", async () => {
  await using directory = await TemporaryDirectory.with({ "zones.txt": "127.0.0.0/8 here\n" });
  await using near = new FakeServer(FIT);
  await using far = new FakeServer(FIT);
  await using balancer = await listeningRole("balancer", [
    ...[`--zones=${directory.join("zones.txt")}`, "--interval=200ms", "--log=json"],
    ...[`${near.authority},zone=here`, `${far.authority},zone=there`],
  ], { permissions: ["--allow-net", "--allow-read"] });
  await near[Symbol.asyncDispose]();
  const ask = async () => {
    const { headers, body } = await fetch(`${balancer.origin}/x`, { redirect: "manual" });
    await body?.cancel();
    return headers.get("location");
  };
  await eventually(async () => await ask() === `http://${far.authority}/x`);
  await eventually(async () => {
    await ask();
    return balancer.process.stderr.text.includes('"event":"unserved"');
  });
  for (let i = 0; i < 5; i++) {
    await ask();
    await balancer.process.stderr.next(/"event":"round"/);
  }
  assertEquals(balancer.process.stderr.text.match(/"event":"unserved","zone":"here"/g)?.length, 1);
});
