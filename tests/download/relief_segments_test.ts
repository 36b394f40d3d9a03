import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Verification } from "../../lib/download/verification.ts";
import { answerUpTo } from "../misbehaviour/answering.ts";
import type { Script } from "../misbehaviour/scripted_server.ts";
import { UPRIGHT } from "../misbehaviour/upright.ts";
import { content, relieved, silentAt, slowly } from "../support/relieving.ts";

const { upright } = UPRIGHT;

/** Enough is left behind it for several connections. */
const BRINK = 300_000;

Deno.test("download() brings what is left over several connections once one has fallen silent", async () => {
  const options = { verification: new Verification(content.sha256, true) };
  const farm = [silentAt(BRINK), slowly(2000), slowly(2000), slowly(2000), slowly(2000)];
  const { outcomes, notices, ledger, pauses, progress } = await relieved(farm, options);
  assertMatch(outcomes[0]!.join(), /^nothing arrived for 0\.[3-9] s$/);
  assertEquals(outcomes.slice(1), [["done"], ["done"], ["done"], ["done"]]);
  assertEquals([ledger.failures, ledger.repeats, pauses], [1, 0, []]);
  assertMatch(notices[0]!, /^\S+: nothing arrived for 0\.[3-9] s; going on at \S+$/);
  assertEquals(notices.slice(1), [
    "going on behind 300000 of 1000000 bytes",
    "in segments, up to 4 at a time",
  ]);
  assertEquals(progress.at(-1), [1_000_000, 1_000_000]);
  assertEquals(options.verification.sha256, content.sha256);
});

Deno.test("download() goes on when the server that took over falls silent as well", async () => {
  const since = performance.now();
  const { outcomes } = await relieved([silentAt(BRINK), slowly(8000), silentAt(320_000)]);
  assert(performance.now() - since < 10_000);
  assertStringIncludes(outcomes[2]!.join(), "another took over");
  assertEquals(outcomes[1], ["done"]);
});

Deno.test("download() lets faster servers take over from a slow one that goes on for a silent one", async () => {
  const { sent } = await relieved([silentAt(BRINK), slowly(20_000), slowly(1000)]);
  assert(sent[1]! > 3 * sent[2]!, String(sent));
});

Deno.test("download() takes several connections only where a server has fallen silent", async () => {
  const cut: Script = { answer: async (scene) => (await answerUpTo(scene, BRINK), "ends") };
  const { notices, outcomes } = await relieved([cut, upright, upright]);
  assert(!notices.join("\n").includes("in segments"), notices.join("\n"));
  assertEquals(outcomes.filter((it) => it.includes("done")).length, 1);
});

Deno.test("download() brings all of it over several connections where no head came", async () => {
  const { outcomes, notices } = await relieved([silentAt(undefined), slowly(8000), slowly(8000)]);
  assertMatch(outcomes[0]!.join(), /^no answer came for 0\.[3-9] s$/);
  assertEquals(outcomes.slice(1), [["done"], ["done"]]);
  assertStringIncludes(notices.join("\n"), "in segments, up to 4 at a time");
});
