import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { PartFile } from "../../../lib/download/output/part_file.ts";
import { Verification } from "../../../lib/download/verification.ts";
import { answerUpTo } from "../../misbehaviour/answering.ts";
import { sha256Of } from "../../misbehaviour/digest.ts";
import { redirecting } from "../../misbehaviour/redirecting.ts";
import type { Script } from "../../misbehaviour/scripted_server.ts";
import { UPRIGHT } from "../../misbehaviour/upright.ts";
import { fetchInto, openFile, sha256Alone } from "../../support/downloading.ts";
import {
  BALANCER,
  content,
  relieved,
  serving,
  SILENCE,
  silentAt,
  slowly,
} from "../../support/relieving.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const { upright } = UPRIGHT;

/** Enough is left behind it for several connections. */
const BRINK = 300_000;

Deno.test("download() brings what is left over several connections once one has fallen silent", async () => {
  const options = { verification: new Verification(sha256Alone(content.sha256), true) };
  const farm = [silentAt(BRINK), slowly(2000), slowly(2000), slowly(2000), slowly(2000)];
  const { outcomes, notices, attempts, pauses, progress } = await relieved(farm, options);
  assertMatch(outcomes[0]!.join(), /^nothing arrived for 0\.[3-9] s$/);
  assertEquals(outcomes.slice(1), [["done"], ["done"], ["done"], ["done"]]);
  assertEquals([attempts.failures, attempts.repeats, pauses], [1, 0, []]);
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
  assertMatch(outcomes[2]!.join(), /another took over|nothing arrived for/);
  assertEquals(outcomes[1], ["done"]);
});

Deno.test("download() lets faster servers take over from a slow one that goes on for a silent one", async () => {
  const { sent } = await relieved([silentAt(BRINK), slowly(20_000), slowly(200)]);
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

Deno.test("download() in segments goes on elsewhere when the one server that has parts falls silent", async () => {
  const { outcomes, notices } = await relieved(
    [silentAt(BRINK), UPRIGHT["has another ETag"], UPRIGHT["has no ranges"]],
    { segments: 4, silence: { ...SILENCE, startOverMs: 900 } },
    { brink: BRINK },
  );
  assertMatch(outcomes[0]!.join(), /^nothing arrived for [0-9.]+ s$/);
  assertEquals(outcomes.slice(1).filter((it) => it.includes("done")).length, 1);
  assertStringIncludes(notices.join("\n"), "; going on at ");
});

Deno.test("download() goes on elsewhere over one connection into a file with holes", async () => {
  await using first = await serving(silentAt(BRINK));
  await using second = await serving(upright);
  const names = [first.authority, second.authority];
  await using front = await serving(redirecting(() => names, BALANCER, () => 0));
  await using directory = await TemporaryDirectory.with();
  const url = `http://${front.authority}/file`;
  const output = await openFile(directory, url) as PartFile;
  output.begin({ entityTag: content.entityTag, length: content.octets.length });
  output.scatter();
  output.writeAt(content.octets.subarray(0, 100_000), 0);
  output.writeAt(content.octets.subarray(900_000), 900_000);
  assertEquals(output.abandon().kind, "part");
  const { notices } = await fetchInto(await openFile(directory, url, true), url, {
    silence: SILENCE,
  });
  assertEquals(await sha256Of(directory, "a"), content.sha256);
  assertMatch(notices[1]!, /nothing arrived for 0\.[3-9] s; going on at \S+$/);
  assert(second.sentOctets > 0);
});
