import { assertEquals, assertRejects } from "@std/assert";
import type { Reloaded } from "../../lib/balancing/list/server_source.ts";
import { UsageError } from "../../lib/cli/command.ts";
import { FarmStage } from "../support/farm_stage.ts";
import { failed, HeldProbes, passed } from "../support/servers.ts";

Deno.test("ServerList.reload() lets those go who are listed no more, and tests the new ones", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  stage.source.list("b:1", "c:1");
  stage.outcomes["c"] = passed(4);
  await stage.reload();
  assertEquals(stage.states, ["b:1 available", "c:1 available"]);
  assertEquals(stage.probed, ["c:1"]);
  assertEquals(stage.logged, [
    "a:1 is in the list no more, and gets no more clients",
    "c:1 is new in the list",
    "the list was read again: 2 servers, 1 new, 1 gone",
    "c:1 is available: 1 kiB in 4.0 ms, 250 kiB/s",
    "tested, fastest first: b:1 1.0 ms (66.7 %), c:1 4.0 ms (33.3 %)",
  ]);
});

Deno.test("ServerList.reload() keeps clients from a new server until it has passed its test", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const open = () => stage.pool.chooser.byShare.map(({ authority }) => authority);
  stage.source.list("b:1", "c:1");
  stage.heldProbes = new HeldProbes();
  const reload = stage.reload();
  const probe = await stage.heldProbes.next();
  assertEquals([probe.server.authority, open()], ["c:1", ["b:1"]]);
  probe.end(passed(1));
  await reload;
  assertEquals(open().toSorted(), ["b:1", "c:1"]);
});

Deno.test("ServerList.reload() waits with new servers for the round that is under way", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const heldProbes = stage.heldProbes = new HeldProbes();
  const round = stage.checker.round();
  const [a, b] = [await heldProbes.next(), await heldProbes.next()];
  stage.source.list("b:1", "c:1");
  const reload = stage.reload();
  a.end(failed("refused")); // Whether it is out matters no more.
  b.end(passed(1));
  await round;
  const c = await heldProbes.next();
  assertEquals([c.server.authority, stage.states], ["c:1", ["b:1 available", "c:1 untested"]]);
  c.end(failed("refused"));
  await reload;
  assertEquals(stage.states, ["b:1 available", "c:1 out"]);
  assertEquals(stage.logged.filter((line) => line.startsWith("a:1 is out")), []);
});

Deno.test("ServerList.reload() leaves the list as it was when there is a mistake in it", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const { records: before } = stage.pool;
  stage.source.list("c:1");
  stage.source.answer = () => Promise.reject(new UsageError("servers.txt:3: has no port"));
  await stage.reload();
  assertEquals(stage.logged, ["the list stays as it was: servers.txt:3: has no port"]);
  assertEquals([stage.pool.records, stage.probed], [before, []]);
});

Deno.test("ServerList.reload() passes on what must not happen, and can be asked for again", async () => {
  const stage = await FarmStage.tested(["a:1"]);
  const { answer } = stage.source;
  stage.source.answer = () => Promise.reject(new TypeError("a bug"));
  await assertRejects(() => stage.reload(), TypeError, "a bug");
  assertEquals([stage.logged, stage.states], [[], ["a:1 available"]]);
  stage.source.answer = answer;
  stage.source.list("b:1");
  await stage.reload();
  assertEquals(stage.states, ["b:1 available"]);
});

Deno.test("ServerList.reload() that is asked for meanwhile begins anew afterwards, once", async () => {
  const stage = await FarmStage.tested(["a:1"]);
  const gate = Promise.withResolvers<Reloaded>();
  stage.source.answer = () => gate.promise;
  stage.source.list("b:1");
  const reloads = Array.from({ length: 4 }, () => stage.reload());
  assertEquals(stage.source.reloads, 1);
  gate.resolve({ read: ["servers.txt"], unread: [] });
  await Promise.all(reloads);
  assertEquals([stage.source.reloads, stage.states], [2, ["b:1 available"]]);
  assertEquals(stage.logged.filter((line) => line.startsWith("the list was read again")), [
    "the list was read again: 1 server, 1 new, 1 gone",
    "the list was read again: 1 server, 0 new, 0 gone",
  ]);
  assertEquals(stage.probed, ["b:1"]);
});

Deno.test("ServerList.reload() says which lists it cannot read again, and not that it has", async () => {
  const stdin = { name: "standard input", origin: "standard input" } as const;
  const courses: [reloaded: Reloaded, logged: string[]][] = [
    [{ read: [], unread: [] }, [
      "there is no list to read again: put the servers into a file and name that",
    ]],
    [{ read: [], unread: [stdin] }, [
      "standard input cannot be read again: put the list into a file and name that",
    ]],
    [{ read: ["x.txt"], unread: [stdin] }, [
      "standard input cannot be read again: put the list into a file and name that",
      "the list was read again: 1 server, 0 new, 0 gone",
    ]],
  ];
  for (const [reloaded, logged] of courses) {
    const stage = await FarmStage.tested(["a:1"]);
    stage.source.answer = () => Promise.resolve(reloaded);
    await stage.reload();
    assertEquals(stage.logged.filter((line) => !line.startsWith("tested")), logged);
  }
});

Deno.test("ServerList.reload() lets servers go before DNS has answered", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const answered = Promise.withResolvers<void>();
  stage.source.isDynamic = true;
  stage.source.answered = answered.promise;
  stage.source.list("b:1");
  const reload = stage.reload();
  await stage.until(() => stage.states.length === 1);
  assertEquals(stage.logged.slice(0, 2), [
    "a:1 is in the list no more, and gets no more clients",
    "the list was read again: 1 server, 0 new, 1 gone",
  ]);
  stage.source.list("c:1");
  const again = stage.reload();
  await stage.until(() => stage.states[0] === "c:1 untested");
  assertEquals(stage.states, ["c:1 untested"]);
  answered.resolve();
  await Promise.all([reload, again]);
  assertEquals(stage.states, ["c:1 available"]);
});

Deno.test("ServerList tells of servers that DNS names where there were none", async () => {
  const stage = await FarmStage.tested([]);
  stage.source.isDynamic = true;
  stage.source.list("a:1");
  await stage.checker.round();
  assertEquals(stage.logged[0], "a:1 is new in the list");
});
