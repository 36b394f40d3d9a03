import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import { StreamOutput } from "../../../lib/download/output/output.ts";
import { answerUpTo, answerWhole } from "../../misbehaviour/answering.ts";
import { retagged } from "../../misbehaviour/content.ts";
import { redirecting } from "../../misbehaviour/redirecting.ts";
import type { Script } from "../../misbehaviour/scripted_server.ts";
import { UPRIGHT } from "../../misbehaviour/upright.ts";
import { fetchInto, openFile } from "../../support/downloading.ts";
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
  slowly,
} from "../../support/relieving.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const { upright } = UPRIGHT;
const silence = { ...SILENCE, startOverMs: 900 };

Deno.test("download() starts over beside a silent server where none has the same content", async () => {
  const unfit = ["has another ETag", "has a weak ETag", "has no ETag", "has no ranges"] as const;
  for (const name of unfit) {
    const farm = [silentAt(BRINK), UPRIGHT[name]];
    const { names, outcomes, notices, pauses, attempts } = await relieved(farm, { silence });
    const silentS = Number(/^nothing arrived for ([0-9.]+) s$/.exec(outcomes[0]!.join())?.[1]);
    assert(silentS >= 0.9 && silentS < 10, outcomes[0]!.join());
    assertEquals(outcomes[1], ["done"]);
    assertEquals([pauses, attempts.repeats, attempts.failures], [[], 0, 1]);
    assertMatch(notices[0]!, /nothing arrived for [0-9.]+ s; going on at \S+$/);
    if (name === "has no ranges") continue;
    assertStringIncludes(
      notices.join("\n"),
      `starting over: nothing proves that ${names[1]} has the same content`,
    );
  }
});

Deno.test("download() starts over at servers with other content under the same ETag", async () => {
  const { entityTag } = content;
  const liar: Script = {
    answer: (scene) => answerWhole(scene, { content: { ...others, entityTag } }),
  };
  for (const liars of [[liar], [liar, liar]]) {
    const farm = [silentAt(BRINK), ...liars];
    const { outcomes, notices } = await relieved(farm, { silence }, { expected: others });
    assertMatch(outcomes[0]!.join(), /^nothing arrived for [0-9.]+ s$/);
    assertEquals(outcomes.slice(1).flat().includes("done"), true, notices.join("\n"));
    assertStringIncludes(notices.join("\n"), "starting over: nothing proves that");
  }
});

Deno.test("download() starts over beside a silent server that names no ETag", async () => {
  const { outcomes } = await relieved([silentAt(BRINK, { ETag: undefined }), upright], { silence });
  assertMatch(outcomes[0]!.join(), /^nothing arrived for [0-9.]+ s$/);
  assertEquals(outcomes[1], ["done"]);
});

Deno.test("download() starts over at no server while one has the same content", async () => {
  const late = { ...SILENCE, startOverMs: 0 };
  const farm = [silentAt(BRINK), UPRIGHT["has another ETag"], upright];
  const { outcomes, notices } = await relieved(farm, { silence: late });
  assertEquals(outcomes.slice(1), [[], ["done"]]);
  assert(!notices.join("\n").includes("starting over"), notices.join("\n"));
});

Deno.test("download() does not start over when the silent server wakes up before", async () => {
  const second = announced(UPRIGHT["has another ETag"]);
  const { outcomes, notices } = await relieved([silentUntil(second.asked), second.script], {
    silence: { ...SILENCE, startOverMs: 5000 },
  });
  assertEquals([outcomes, notices], [[["done"], []], []]);
});

Deno.test("download() starts over across several connections, as far as others share the content", async () => {
  const other = retagged(content);
  const farm = [silentAt(300_000), slowly(8000, other), slowly(8000, other)];
  const { outcomes, notices } = await relieved(farm, { silence }, { brink: 300_000 });
  assertEquals(outcomes.slice(1), [["done"], ["done"]]);
  assertStringIncludes(notices.join("\n"), "in segments, up to 4 at a time");
});

Deno.test("download() starts over where several servers share the content", async () => {
  const other = retagged(content);
  const own = UPRIGHT["has no ETag"];
  const farm = [silentAt(300_000), own, slowly(8000, other), own, slowly(8000, other)];
  const { outcomes } = await relieved(farm, { silence }, { brink: 300_000 });
  assertEquals(outcomes.slice(1), [[], ["done"], [], ["done"]]);
});

Deno.test("download() does not start over into a stream that has had some of the content", async () => {
  await using first = await serving(silentAt(BRINK));
  await using second = await serving(UPRIGHT["has another ETag"]);
  const names = [first.authority, second.authority];
  await using front = await serving(redirecting(() => names, BALANCER, () => 0));
  const write = (bytes: Uint8Array) => Promise.resolve(bytes.length);
  const output = new StreamOutput("a stream", { write, close: () => {} });
  const options = { silence: { ...SILENCE, startOverMs: 300 }, timeoutMs: 1500 };
  const fetching = () => fetchInto(output, `http://${front.authority}/file`, options);
  const { message } = await assertRejects(fetching, DownloadError);
  assertStringIncludes(message, "nothing arrived for too long");
});

Deno.test("download() waits for --timeout before it throws away a part of an earlier run", async () => {
  const cut: Script = { answer: async (scene) => (await answerUpTo(scene, BRINK), "ends") };
  await using first = await serving(cut);
  await using second = await serving(silentAt(950_000));
  await using third = await serving(UPRIGHT["has another ETag"]);
  const names = [first.authority];
  await using front = await serving(redirecting(() => names, BALANCER, () => 0));
  await using directory = await TemporaryDirectory.with();
  const url = `http://${front.authority}/file`;
  await assertRejects(async () => fetchInto(await openFile(directory, url), url), DownloadError);
  names.splice(0, 1, second.authority);
  const { notices, attempts } = await fetchInto(await openFile(directory, url, true), url, {
    silence: { ...SILENCE, startOverMs: 300 },
    timeoutMs: 1500,
    retries: 5,
    onResponse: () => names.splice(0, 1, third.authority),
  });
  assertEquals(notices[0], "going on behind 900000 of 1000000 bytes");
  assertEquals(attempts.records[0]!.outcomes, ["nothing arrived for too long"]);
  assertStringIncludes(notices.join("\n"), "starting over");
});
