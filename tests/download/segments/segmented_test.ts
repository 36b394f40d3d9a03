import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Verification } from "../../../lib/download/verification.ts";
import { type AnswerOptions, answerUpTo, answerWhole } from "../../misbehaviour/answering.ts";
import { type Content, drawContent, othersOf } from "../../misbehaviour/content.ts";
import { redirecting } from "../../misbehaviour/redirecting.ts";
import { type Script, ScriptedServer } from "../../misbehaviour/scripted_server.ts";
import { sha256Of } from "../../misbehaviour/digest.ts";
import { UPRIGHT } from "../../misbehaviour/upright.ts";
import { refusalOf } from "../../misbehaviour/wire.ts";
import { fetchInto, openFile, sha256Alone } from "../../support/downloading.ts";
import { seededRandom } from "../../support/random.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const content = await drawContent(seededRandom(1), 1_000_000);
const others = await othersOf(content);

const BALANCER = {
  order: "in turn",
  heedsAvoidance: true,
  namesDuplicates: true,
  hiccups: 0,
} as const;

/** Serves so many bytes at a time, with pauses between them. */
const slowly = (bytes: number, options?: AnswerOptions): Script => ({
  answer: (scene) =>
    answerWhole({
      ...scene,
      sendContent: async (all) => {
        for (let at = 0; at < all.length; at += bytes) {
          await scene.sendContent(all.subarray(at, at + bytes));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
    }, options),
});

/** Downloads from servers behind a balancer; says who sent how much, and what was told. */
async function segmented(
  scripts: readonly Script[],
  options: Parameters<typeof fetchInto>[2] = {},
  { balancer = {}, expected = [content] }: {
    balancer?: Partial<Parameters<typeof redirecting>[1]>;
    expected?: readonly Content[];
  } = {},
) {
  await using stack = new AsyncDisposableStack();
  const serve = async (script: Script) =>
    stack.use(await ScriptedServer.start(script, { content, others, brink: 300_000 }));
  const servers = await Promise.all(scripts.map(serve));
  const names = servers.map(({ authority }) => authority);
  const front = await serve(redirecting(() => names, { ...BALANCER, ...balancer }, () => 0));
  const directory = stack.use(await TemporaryDirectory.with());
  const url = `http://${front.authority}/file`;
  const told = await fetchInto(await openFile(directory, url), url, {
    segments: 4,
    retries: 10,
    ...options,
  });
  assertEquals(await directory.names(), ["a"]);
  const digest = await sha256Of(directory, "a");
  assert(expected.some(({ sha256 }) => sha256 === digest), told.notices.join("\n"));
  const outcomes = names.map((name) =>
    told.attempts.records.find(({ server }) => server === name)?.outcomes ?? []
  );
  return { ...told, outcomes, sent: servers.map(({ sentOctets }) => sentOctets) };
}

Deno.test("download() in segments takes parts from all servers that are named", async () => {
  const { outcomes, notices } = await segmented([slowly(8000), slowly(8000), slowly(8000)]);
  assertEquals(outcomes, [["done"], ["done"], ["done"]]);
  assertStringIncludes(notices.join("\n"), "in segments, up to 4 at a time");
});

Deno.test("download() in segments asks the balancer where it names no others", async () => {
  const balancer = { namesDuplicates: false };
  const { outcomes } = await segmented([slowly(8000), slowly(8000)], {}, { balancer });
  assertEquals(outcomes, [["done"], ["done"]]);
});

Deno.test("download() in segments gives a part of what is slow to who is faster", async () => {
  const { sent } = await segmented([slowly(1000), slowly(20_000)], { segments: 2 });
  assert(sent[1]! > 3 * sent[0]!, String(sent));
});

Deno.test("download() in segments moves what fails to others", async () => {
  const cut: Script = { answer: async (scene) => (await answerUpTo(scene, scene.brink), "ends") };
  const { outcomes, notices } = await segmented([slowly(8000), cut, slowly(8000)]);
  assertStringIncludes(notices.join("\n"), "its segment goes to another");
  assert(outcomes[1]!.length > 0 && outcomes[0]!.includes("done"));
});

Deno.test("download() in segments comes to its end over one connection where parts cannot be had", async () => {
  for (const name of ["has no ranges", "has a weak ETag", "has no ETag", "sends chunks"] as const) {
    const { attempts } = await segmented([UPRIGHT[name]]);
    assertEquals(attempts.failures, 0, name);
  }
  const { attempts } = await segmented([slowly(8000), UPRIGHT["has another ETag"]]);
  assertEquals(attempts.failures, 0);
});

/** Has other content under the same ETag, as where that is made of size and time. */
const lying: Script = {
  answer: (scene) => {
    const { entityTag } = scene.content;
    const fields = { "ETag": entityTag, "Repr-Digest": undefined };
    return answerWhole(scene, { content: { ...scene.others, entityTag }, fields });
  },
};

Deno.test("download() in segments mixes no contents of one ETag, with no digest to tell them", async () => {
  const undigested = slowly(8000, { fields: { "Repr-Digest": undefined } });
  for (const scripts of [[undigested, lying], [undigested, lying, undigested]]) {
    const { notices } = await segmented(scripts, {}, { expected: [content, others] });
    assertStringIncludes(
      notices.join("\n"),
      "it has other content than is here, under the same ETag",
    );
  }
});

Deno.test("download() in segments checks the digest of the whole when they are joined", async () => {
  const verification = new Verification(sha256Alone(content.sha256), true);
  const { notices } = await segmented([slowly(8000), lying], { verification });
  assertMatch(notices.join("\n"), /was expected|other content/);
  assertEquals(verification.sha256, content.sha256);
});

Deno.test("download() in segments moves what a server falls silent in, long before its deadline", async () => {
  const stalls: Script = {
    answer: async (scene) => {
      await answerUpTo(scene, scene.brink);
      await scene.wire.untilGone();
      return "ends";
    },
  };
  const since = performance.now();
  const { outcomes } = await segmented([slowly(8000), stalls], { timeoutMs: 20_000 });
  assert(performance.now() - since < 15_000);
  assertStringIncludes(outcomes[1]!.join(), "another took over");
});

Deno.test("download() in segments says once how long the balancer asks to wait", async () => {
  const servers: string[] = [];
  let asks = 0;
  const balancer: Script = {
    answer: async (scene) => {
      // The first finds the content, all others are to wait.
      if (++asks === 1) return await redirecting(() => servers, BALANCER, () => 0).answer(scene);
      await scene.wire.send(refusalOf("503 Service Unavailable", { "Retry-After": 30 }));
      return "persists";
    },
  };
  await using server = await ScriptedServer.start(slowly(8000), { content, others, brink: 0 });
  await using front = await ScriptedServer.start(balancer, { content, others, brink: 0 });
  servers.push(server.authority);
  await using directory = await TemporaryDirectory.with();
  const url = `http://${front.authority}/file`;
  const output = await openFile(directory, url);
  const { notices } = await fetchInto(output, url, { segments: 4 });
  const waits = notices.filter((it) => it.includes("asks to wait"));
  assertEquals(waits.length, 1, notices.join("\n"));
  assertMatch(waits[0]!, /asks to wait (?:29|30)(?:\.[0-9])? s: trying again then$/);
});
