import { assertEquals, assertRejects } from "@std/assert";
import { FarmStage } from "../support/farm_stage.ts";
import { failed, HeldProbes, passed, type StartedProbe } from "../support/servers.ts";
import type { Server } from "../../lib/balancing/list/server.ts";

const RESET = failed("the connection was reset", 0, "time");

/** A farm of three servers that passed a round, and the first of them. */
async function farmOf(fall = 1, rise = 0): Promise<[FarmStage, Server]> {
  const stage = await FarmStage.tested(["a:1", "b:1", "c:1"], { fall, rise });
  return [stage, stage.pool.servers[0]!];
}

Deno.test("HealthChecker.suspect() tests that server and no other, at once, and it is no round", async () => {
  const [stage, a] = await farmOf();
  const { count } = stage.checker.rounds;
  await stage.checker.suspect(a);
  assertEquals([stage.probed, stage.logged], [["a:1"], []]);
  assertEquals(stage.checker.rounds.count, count);
  assertEquals(stage.states[0], "a:1 available");
});

Deno.test("HealthChecker.suspect() takes a server out as any failed test does", async () => {
  // Without a way back it is looked at twice; with one, or within `fall`, once.
  for (
    const [fall, rise, looks, state] of [
      ...[[1, 0, 2, "out"], [1, 1, 1, "out"], [2, 1, 1, "available"]] as const,
    ]
  ) {
    for (const outcome of [failed("the connection was refused"), RESET]) {
      const [stage, a] = await farmOf(fall, rise);
      stage.outcomes["a"] = outcome;
      await stage.checker.suspect(a);
      assertEquals([stage.probed.length, stage.states[0]], [looks, `a:1 ${state}`]);
      assertEquals(stage.states.slice(1), ["b:1 available", "c:1 available"]);
      assertEquals(stage.logged.filter((line) => line.includes("all")), []);
    }
  }
});

Deno.test("HealthChecker.suspect() lets no client there before the second look", async () => {
  const [stage, a] = await farmOf();
  stage.heldProbes = new HeldProbes();
  const tested = stage.checker.suspect(a);
  (await stage.heldProbes.next()).end(failed("the connection was refused"));
  const second = await stage.heldProbes.next();
  assertEquals(stage.pool.excludedReason(a), "suspended");
  second.end(passed(1)); // It was restarted.
  await tested;
  assertEquals([stage.pool.excludedReason(a), stage.states[0]], [undefined, "a:1 available"]);
});

Deno.test("HealthChecker.suspect() tests as many at once as a round does, whoever they wait for", async () => {
  const stage = await FarmStage.tested(Array.from({ length: 7 }, (_, i) => `s${i}:1`));
  const probes = stage.heldProbes = new HeldProbes();
  const tested = Promise.all(stage.pool.servers.map((server) => stage.checker.suspect(server)));
  await stage.until(() => probes.running === 4);
  for (let i = 0; i < 7; i++) (await probes.next()).end(passed(1));
  await tested;
  assertEquals([probes.mostRunning, probes.seen.length], [4, 7]);
});

Deno.test("HealthChecker.suspect() comes first in a round in progress, and need not wait for its end", async () => {
  const stage = await FarmStage.tested(Array.from({ length: 9 }, (_, i) => `s${i}:1`), {
    ...{ fall: 1, rise: 1 },
  });
  const probes = stage.heldProbes = new HeldProbes();
  const round = stage.checker.round();
  const first: StartedProbe[] = [];
  for (let i = 0; i < 4; i++) first.push(await probes.next());
  const last = stage.pool.servers[8]!;
  let isTested = false;
  stage.checker.suspect(last).then(() => isTested = true);
  first[0]!.end(passed(1));
  const next = await probes.next();
  assertEquals(next.server, last);
  next.end(failed("the connection was refused"));
  await stage.until(() => isTested);
  assertEquals([isTested, stage.states[8]], [true, "s8:1 out"]);
  for (const probe of first.slice(1)) probe.end(passed(1));
  for (let i = 4; i < 9; i++) (await probes.next()).end(passed(1));
  await round;
  assertEquals(probes.running, 0);
});

Deno.test("HealthChecker.suspect() passes over servers that have gone, and on what a probe throws", async () => {
  const [stage, a] = await farmOf();
  stage.source.list("b:1", "c:1");
  await stage.list.reload();
  stage.probed.length = 0;
  await stage.checker.suspect(a);
  assertEquals(stage.probed, []);
  const [b] = stage.pool.servers;
  stage.heldProbes = new HeldProbes();
  const tested = stage.checker.suspect(b!);
  (await stage.heldProbes.next()).reject(new TypeError("a bug"));
  await assertRejects(() => tested, TypeError);
  stage.heldProbes = undefined;
  await stage.checker.suspect(b!);
  assertEquals(stage.probed.at(-1), "b:1");
});
