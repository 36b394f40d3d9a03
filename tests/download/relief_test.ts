import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { OVERLAP_BYTES } from "../../lib/download/output/resume.ts";
import { StreamOutput } from "../../lib/download/output/output.ts";
import { Verification } from "../../lib/download/verification.ts";
import { answerWhole } from "../misbehaviour/answering.ts";
import { sha256, sha256Of } from "../misbehaviour/digest.ts";
import { redirecting } from "../misbehaviour/redirecting.ts";
import type { Script } from "../misbehaviour/scripted_server.ts";
import { UPRIGHT } from "../misbehaviour/upright.ts";
import { refusalOf } from "../misbehaviour/wire.ts";
import { fetchInto, openFile, sha256Alone } from "../support/downloading.ts";
import {
  announced,
  BALANCER,
  BRINK,
  content,
  others,
  relieved,
  serving,
  SILENCE,
  silentAt,
  silentUntil,
} from "../support/relieving.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const { upright } = UPRIGHT;

Deno.test("download() goes on at another server when one that was fast has fallen silent", async () => {
  const { names, outcomes, sent, notices, pauses, attempts } = await relieved([
    silentAt(BRINK),
    upright,
  ]);
  assertMatch(outcomes[0]!.join(), /^nothing arrived for 0\.[3-9] s$/);
  assertEquals(outcomes[1], ["done"]);
  assertEquals(sent, [BRINK, content.octets.length - BRINK + OVERLAP_BYTES]);
  assertEquals([pauses, attempts.repeats, attempts.failures], [[], 0, 1]);
  assertMatch(notices[0]!, /^\S+: nothing arrived for 0\.[3-9] s; going on at \S+$/);
  assertStringIncludes(notices[0]!, `going on at ${names[1]}`);
  assertEquals(notices[1], "going on behind 900000 of 1000000 bytes");
});

Deno.test("download() goes on at a third server when the second falls silent, too", async () => {
  // In turn, and without the first: then the third is named second.
  const { outcomes, sent } = await relieved([silentAt(BRINK), upright, silentAt(950_000)]);
  assertEquals(outcomes.map((it) => it.join().slice(0, 15)), [
    "nothing arrived",
    "done",
    "nothing arrived",
  ]);
  assertEquals(sent, [900_000, 50_000 + OVERLAP_BYTES, 50_000 + OVERLAP_BYTES]);
});

Deno.test("download() goes on with the first server when that wakes up before another answers", async () => {
  const second = announced(silentAt(undefined));
  const silence = { ...SILENCE, headMs: 30_000 };
  const first = silentUntil(second.asked);
  const { outcomes, sent, attempts } = await relieved([first, second.script], { silence });
  assertEquals(outcomes, [["done"], []]);
  assertEquals([sent[0], attempts.failures], [content.octets.length, 0]);
});

Deno.test("download() takes nothing but what follows from another server", async () => {
  const unfit = ["has another ETag", "has a weak ETag", "has no ranges", "sends chunks"] as const;
  for (const name of unfit) {
    const second = announced(UPRIGHT[name]);
    const woken = second.asked.then(() => new Promise<void>((resolve) => setTimeout(resolve, 50)));
    const { outcomes, attempts } = await relieved([silentUntil(woken), second.script]);
    assertEquals([outcomes, attempts.failures], [[["done"], []], 0], name);
  }
});

Deno.test("download() passes over servers with other content, beside one that is silent", async () => {
  const { outcomes, attempts } = await relieved([
    silentAt(BRINK),
    ...[UPRIGHT["has another ETag"], UPRIGHT["has no ranges"], upright],
  ]);
  assertMatch(outcomes[0]!.join(), /^nothing arrived for 0\.[3-9] s$/, "all were asked at once");
  assertEquals(outcomes.slice(1), [[], [], ["done"]]);
  assertEquals(attempts.failures, 1);
});

Deno.test("download() passes over servers that fail, beside one that is silent", async () => {
  const failing: Script = {
    answer: async ({ wire }) => {
      await wire.send(refusalOf("503 Service Unavailable", { "Retry-After": 60 }));
      return "persists";
    },
  };
  const { outcomes, pauses, attempts } = await relieved([
    silentAt(BRINK),
    failing,
    silentAt(undefined),
    upright,
  ]);
  assertEquals(outcomes.slice(1), [
    ["503 Service Unavailable"],
    ["no answer came in time"],
    ["done"],
  ]);
  assertEquals([pauses, attempts.repeats], [[], 0]);
});

Deno.test("download() asks another server when one sends no head for long", async () => {
  const { names, outcomes, notices } = await relieved([silentAt(undefined), upright]);
  assertMatch(outcomes[0]!.join(), /^no answer came for 0\.[3-9] s$/);
  assertEquals(outcomes[1], ["done"]);
  assertStringIncludes(notices[0]!, `; going on at ${names[1]}`);
});

Deno.test("download() asks for all of it where nothing had arrived, whatever its ETag", async () => {
  const { outcomes } = await relieved([silentAt(0), UPRIGHT["has another ETag"]]);
  assertMatch(outcomes[0]!.join(), /^nothing arrived for /);
  assertEquals(outcomes[1], ["done"]);
});

Deno.test("download() checks digests over all servers, none of an answer cut short", async () => {
  const wrong = `sha-256=:${new Uint8Array(32).toBase64()}:`;
  const verification = new Verification(sha256Alone(content.sha256), true);
  const first = silentAt(BRINK, { "Content-Digest": wrong, "Repr-Digest": content.reprDigest });
  const { outcomes } = await relieved([first, upright], { verification });
  assertEquals([outcomes[1], verification.sha256], [["done"], content.sha256]);
});

Deno.test("download() waits for --timeout when no other server is named", async () => {
  const once = announced(silentAt(BRINK));
  let asked = 0;
  const first: Script = {
    answer: (scene) => asked++ === 0 ? once.script.answer(scene) : answerWhole(scene),
  };
  const { outcomes } = await relieved([first], { timeoutMs: 1000 });
  assertEquals(outcomes, [["nothing arrived for too long", "done"]]);
});

Deno.test("download() asks for no other server where the content cannot be gone on with", async () => {
  const untagged = silentAt(BRINK, { ETag: undefined });
  const { outcomes } = await relieved([untagged, upright], { timeoutMs: 1000 });
  assertEquals(outcomes, [["nothing arrived for too long"], ["done"]]);
});

Deno.test("download() asks no server as typed for another, however silent it is", async () => {
  await using server = await serving(silentAt(BRINK));
  await using directory = await TemporaryDirectory.with();
  const url = `http://${server.authority}/file`;
  const output = await openFile(directory, url);
  const options = { silence: SILENCE, timeoutMs: 1000 };
  const error = await fetchInto(output, url, options).then(() => undefined, (error) => error);
  assertStringIncludes(String(error), "nothing arrived for too long");
});

Deno.test("download() asks once for another server where the URL as typed has the content now", async () => {
  await using first = await serving(silentAt(BRINK));
  let asks = 0;
  const names = [first.authority];
  await using front = await serving({
    answer: async (scene) => {
      if (++asks === 1) return await redirecting(() => names, BALANCER, () => 0).answer(scene);
      return await answerWhole(scene, { content: others });
    },
  });
  await using directory = await TemporaryDirectory.with();
  const url = `http://${front.authority}/file`;
  const output = await openFile(directory, url);
  await fetchInto(output, url, { silence: SILENCE, timeoutMs: 1000, retries: 5 });
  assert(asks <= 4, `asked ${asks} times`);
  assertEquals(await sha256Of(directory, "a"), others.sha256);
});

Deno.test("download() goes on at another server into a stream", async () => {
  await using first = await serving(silentAt(BRINK));
  await using second = await serving(upright);
  const names = [first.authority, second.authority];
  await using front = await serving(redirecting(() => names, BALANCER, () => 0));
  const pieces: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => {
    pieces.push(bytes.slice());
    return Promise.resolve(bytes.length);
  };
  const output = new StreamOutput("a stream", { write, close: () => {} });
  await fetchInto(output, `http://${front.authority}/file`, { silence: SILENCE });
  const bytes = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
  assert(bytes.length === content.octets.length);
  assertEquals(await sha256(bytes), content.sha256);
});

Deno.test("download() takes no server for relief that has other content under the same ETag", async () => {
  const { entityTag } = content;
  const liar: Script = {
    answer: (scene) => answerWhole(scene, { content: { ...others, entityTag } }),
  };
  const { outcomes, notices } = await relieved([silentAt(BRINK), liar, upright]);
  assertEquals(outcomes.slice(1), [[], ["done"]], notices.join("\n"));
});
