import { assertEquals, assertThrows } from "@std/assert";
import type { ReportedLoad } from "../../lib/balancing/health.ts";
import type { Server } from "../../lib/balancing/list/server.ts";
import type { NewAction } from "../../lib/balancing/operations.ts";
import { FarmStage } from "../support/farm_stage.ts";
import { failed, HeldProbes, passed, passedAt, UNTESTABLE } from "../support/servers.ts";

const DRAIN: NewAction = { kind: "drain", reason: null, forMs: null };

function stateOf({ pool }: FarmStage, server: Server): unknown[] {
  const { state, excludedReason, actions } = pool.recordOf(server)!;
  return [state.kind, excludedReason, ...actions.map(({ kind }) => kind)];
}

Deno.test("Operations log an action with its terms, and not again what is in force", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const { operations, logged, records } = stage;
  stage.now = 5000;
  const [a] = operations.find("a:1") as [Server];
  const action = operations.act(a, { kind: "drain", reason: "new disk", forMs: 60_000 });
  assertEquals(action, { kind: "drain", reason: "new disk", since: 5000, until: 65_000 });
  const until = "1970-01-01T00:01:05.000Z";
  assertEquals(logged, [`a:1 is drained by an operator until ${until}: new disk`]);
  const record = { event: "action", server: "a:1", action: "drain", reason: "new disk", until };
  assertEquals(records, [{ ...record, excludedReason: "drained" }]);
  operations.act(a, DRAIN);
  operations.act(a, DRAIN);
  assertEquals(logged.length, 2);
  assertEquals(operations.enable(a)?.map(({ kind }) => kind), ["drain"]);
  assertEquals(operations.enable(a), []);
  assertEquals(logged.slice(2), ["a:1 is enabled by an operator, who takes back: drain"]);
  assertEquals(stage.changes.latest.slice(-1).map(({ server, event }) => [server, event]), [
    ["a:1", "enabled"],
  ]);
  assertEquals(operations.taken, 5);
});

Deno.test("Operations end actions whose time is over, and look for them no longer than needed", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const { operations, logged } = stage;
  const [a] = operations.find("a:1") as [Server];
  operations.act(a, DRAIN);
  assertEquals(stage.tick, undefined);
  operations.act(a, { kind: "out", reason: null, forMs: 2000 });
  operations.act(a, { kind: "weight", weight: 3, reason: null, forMs: null });
  assertEquals(stateOf(stage, a), ["out", "out", "out", "weight"]);
  stage.forget();
  stage.now += 1999;
  stage.tick!();
  assertEquals(logged, []);
  stage.now++;
  stage.tick!();
  assertEquals(logged.splice(0), [
    "a:1 is held out no more: the time of that action is over",
  ]);
  assertEquals(stateOf(stage, a), ["untested", "untested", "weight"]);
  assertEquals(stage.tick, undefined);
  await stage.until(() => stage.probed.length > 0 && stage.pool.hasUntested === false);
  assertEquals(stage.probed, ["a:1"]);
  assertEquals(stateOf(stage, a), ["available", undefined, "weight"]);
});

Deno.test("Operations on a server that has just left the list do nothing", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const { operations } = stage;
  const [a] = operations.find("a:1") as [Server];
  operations.act(a, DRAIN);
  stage.source.list("b:1");
  await stage.reload();
  stage.forget();
  assertEquals(operations.act(a, DRAIN), undefined);
  assertEquals(operations.enable(a), undefined);
  assertEquals(await operations.test([a]), []);
  assertEquals(await operations.transfersDone(a, 10_000), { end: "unlisted", load: undefined });
  assertEquals(stage.probed, []);
  assertEquals(operations.find("a:1"), []);
  assertEquals(operations.acting, []);
});

Deno.test("Operations test servers now, and say what that found", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1", "c:1"]);
  const { operations } = stage;
  const servers = ["a:1", "b:1", "c:1"].flatMap((name) => operations.find(name));
  Object.assign(stage.outcomes, { a: passedAt(7, 2), b: failed("refused", 8), c: UNTESTABLE });
  const tested = await operations.test(servers);
  assertEquals(tested.map(({ transfer }) => transfer), [
    { at: 7, elapsedMs: 2, bytes: 1024, partial: false },
    { at: 8, reason: "refused" },
    undefined,
  ]);
  assertEquals(tested.map(({ record }) => record.state.kind), ["available", "out", "available"]);
  stage.outcomes["b"] = passedAt(9);
  assertEquals((await operations.test([servers[1]!]))[0]!.record.state.kind, "available");
});

Deno.test("Operations ask for one more run at most, however often a test is asked for", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const { operations } = stage;
  const [a] = operations.find("a:1") as [Server];
  const probes = stage.heldProbes = new HeldProbes();
  const asked = Array.from({ length: 100 }, () => operations.test([a]));
  const first = await probes.next();
  asked.push(...Array.from({ length: 100 }, () => operations.test([a])));
  first.end(passed(1));
  (await probes.next()).end(passed(1));
  assertEquals((await Promise.all(asked)).length, 200);
  assertEquals(stage.probed.length, 2);
});

/** What a server says when it is tested, as many times as there are loads. */
async function waitedFor(
  loads: readonly (number | undefined | "enable")[],
  waitMs: number,
  outcome = passed(1),
): Promise<string> {
  const stage = await FarmStage.tested(["a:1", "b:1"], { fall: 1, rise: 1 });
  const { operations, pool } = stage;
  const [a] = operations.find("a:1") as [Server];
  operations.act(a, DRAIN);
  stage.outcomes["a"] = outcome;
  const probes = stage.heldProbes = new HeldProbes();
  const waiting = operations.transfersDone(a, waitMs);
  for (const load of loads) {
    const probe = await probes.next();
    if (load === "enable") operations.enable(a);
    else {
      const report: ReportedLoad | undefined = load === undefined ? undefined : {
        ...{
          openTransfers: load,
          pendingBytes: null,
          bytesPerSecond: null,
          utilization: null,
          at: stage.now,
        },
      };
      pool.learnLoad(a, report, stage.clock);
    }
    probe.end(outcome);
  }
  const waited = await waiting;
  return `${waited?.end} after ${stage.waits.join("+")} with ${waited?.load?.openTransfers}`;
}

Deno.test("Operations wait until a server says that its transfers are done, and no longer than asked", async () => {
  assertEquals(await waitedFor([0], 60_000), "done after 2000 with 0");
  assertEquals(await waitedFor([3, 1, 0], 60_000), "done after 2000+2000+2000 with 0");
  assertEquals(await waitedFor([3, 2], 2500), "time after 2000+500 with 2");
  assertEquals(await waitedFor([undefined], 60_000), "silent after 2000 with undefined");
  assertEquals(await waitedFor([2, "enable"], 60_000), "enabled after 2000+2000 with 2");
});

Deno.test("Operations take no report for news that is older than the action", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"], { fall: 1, rise: 1 });
  const { operations, pool } = stage;
  const [a] = operations.find("a:1") as [Server];
  const load = {
    openTransfers: 0,
    pendingBytes: null,
    bytesPerSecond: null,
    utilization: null,
    at: stage.now,
  };
  pool.learnLoad(a, load, stage.clock);
  operations.act(a, DRAIN);
  stage.outcomes["a"] = failed("refused");
  assertEquals((await operations.transfersDone(a, 3000))?.end, "time");
});

Deno.test("Operations let a hundred wait, and refuse others", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const { operations } = stage;
  const [a] = operations.find("a:1") as [Server];
  const waiting = Array.from({ length: 100 }, () => operations.transfersDone(a, 1));
  assertEquals(await operations.transfersDone(a, 1), undefined);
  await Promise.all(waiting);
  assertEquals((await operations.transfersDone(a, 1))?.end, "enabled");
});

Deno.test("Operations restore saved actions on listed servers, and leave what was done since", async () => {
  const before = await FarmStage.tested(["a:1", "b:1", "gone:1"]);
  const servers = ["a:1", "b:1", "gone:1"].flatMap((name) => before.operations.find(name));
  before.operations.act(servers[0]!, { kind: "out", reason: "new disk", forMs: 5000 });
  for (const server of servers.slice(1)) before.operations.act(server, DRAIN);
  const saved = before.operations.save();
  assertEquals(before.operations.save(), saved);
  assertEquals(before.operations.save() === saved, true, "it is the same while nothing changes");
  const facts = JSON.parse(JSON.stringify(saved));

  const stage = await FarmStage.tested(["a:1", "b:1", "c:1"]);
  const { operations } = stage;
  const [a, b] = ["a:1", "b:1"].flatMap((name) => operations.find(name)) as [Server, Server];
  operations.restore(facts);
  assertEquals(stateOf(stage, a), ["out", "out", "out"]);
  assertEquals(stateOf(stage, b), ["available", "drained", "drain"]);
  assertEquals(operations.acting.length, 2);
  assertEquals(stage.logged, []);

  operations.act(a, { kind: "weight", weight: 2, reason: null, forMs: null });
  operations.restore({ taken: 4, servers: [] });
  assertEquals(operations.taken, 5, "three before, one meanwhile, one here");
  assertEquals(stateOf(stage, a), ["out", "out", "out", "weight"], "it was changed since");
  assertEquals(stateOf(stage, b), ["available", undefined]);
  stage.now += 5000;
  stage.tick!();
  assertEquals(stateOf(stage, a).slice(2), ["weight"]);
  for (const wrong of [undefined, [], { taken: 1 }, { taken: "1", servers: [] }]) {
    assertThrows(() => operations.restore(wrong), TypeError);
  }
});
