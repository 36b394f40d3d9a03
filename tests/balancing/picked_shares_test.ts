import { assertEquals } from "@std/assert";
import { Chooser } from "../../lib/balancing/chooser.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { PickedShares, RequestCounters } from "../../lib/balancing/request_counters.ts";
import { candidatesOf, serversOf } from "../support/candidates.ts";

const servers = serversOf(2);
const [a, b] = servers.map(({ authority }) => authority) as [string, string];

Deno.test("PickedShares are what servers got since the round before the last", () => {
  const counters = new RequestCounters();
  const picked = new PickedShares(counters);
  const shares = () => picked.of(servers)?.values().toArray();
  assertEquals(shares(), undefined);
  counters.redirected(a, 1);
  counters.redirected(b, 3);
  assertEquals(shares(), [0.25, 0.75]);
  picked.endRound();
  counters.redirected(a, 4);
  assertEquals(shares(), [0.625, 0.375]);
  picked.endRound();
  assertEquals(shares(), [1, 0]);
  picked.endRound();
  assertEquals(shares(), undefined);
});

Deno.test("PickedShares forget servers that are listed no more", () => {
  const counters = new RequestCounters();
  const picked = new PickedShares(counters);
  counters.redirected(a, 10);
  picked.endRound();
  picked.endRound();
  counters.retain(new Set([b]));
  counters.retain(new Set([a, b]));
  counters.redirected(b, 1);
  assertEquals(picked.of(servers.slice(1))?.values().toArray(), [1]);
});

Deno.test("PickedShares begin anew with a server that is listed anew", () => {
  const counters = new RequestCounters();
  const picked = new PickedShares(counters);
  counters.redirected(a, 100);
  counters.redirected(b, 100);
  picked.endRound();
  picked.endRound();
  counters.retain(new Set([b]));
  counters.retain(new Set([a, b]));
  counters.redirected(a, 1);
  counters.redirected(b, 3);
  assertEquals(picked.of(servers)?.values().toArray(), [0.25, 0.75]);
});

Deno.test("Chooser.byShare goes by what is meant, whatever was picked", () => {
  const counters = new RequestCounters();
  const chooser = new Chooser(POLICIES.expected(), new PickedShares(counters));
  chooser.update(candidatesOf(servers, [92, 8]), 0);
  counters.redirected(b);
  assertEquals(chooser.byShare, servers);
});

Deno.test("Chooser.shares are what was picked where picks depend on the load, else what is meant", () => {
  const counters = new RequestCounters();
  const candidates = candidatesOf(servers, [92, 8]);
  const sharesBy = (name: "expected" | "speed") => {
    const chooser = new Chooser(POLICIES[name](), new PickedShares(counters));
    chooser.update(candidates, 0);
    return chooser.shares.values().toArray();
  };
  assertEquals(sharesBy("expected"), [0.92, 0.08]); // No client has come yet.
  for (let i = 0; i < 10; i++) counters.redirected(i % 2 === 0 ? a : b);
  assertEquals(sharesBy("expected"), [0.5, 0.5]);
  assertEquals(sharesBy("speed"), [0.92, 0.08]);
});
