import { assertEquals } from "@std/assert";
import { answerUpTo, answerWhole } from "../misbehaviour/answering.ts";
import { type Content, drawContent, othersOf } from "../misbehaviour/content.ts";
import { sha256Of } from "../misbehaviour/digest.ts";
import { redirecting } from "../misbehaviour/redirecting.ts";
import { type Scene, type Script, ScriptedServer } from "../misbehaviour/scripted_server.ts";
import { fetchInto, openFile } from "./downloading.ts";
import { seededRandom } from "./random.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** What servers have, unless their script says otherwise. */
export const content = await drawContent(seededRandom(1), 1_000_000);
/** Other content of the same length. */
export const others = await othersOf(content);
/** Where servers fall silent: what follows is not worth several connections. */
export const BRINK = 900_000;

/** A balancer that names servers in turn, and heeds Avoid-Server. */
export const BALANCER = {
  order: "in turn",
  heedsAvoidance: true,
  namesDuplicates: false,
  hiccups: 0,
} as const;

/** Long enough for what is at hand on this machine, short enough for a test. */
export const SILENCE = { contentMs: 300, headMs: 300, startOverMs: 30_000 };

/** Sends nothing, or a part of the content, and then nothing more. */
export const silentAt = (position: number | undefined, fields = {}): Script => ({
  answer: async (scene) => {
    if (position !== undefined) await answerUpTo(scene, position, { fields });
    await scene.wire.untilGone();
    return "ends";
  },
});

/** Falls silent at the brink until told to go on. */
export const silentUntil = (when: Promise<void>): Script => ({
  answer: (scene) => {
    const sendContent = async (octets: Uint8Array) => {
      await scene.sendContent(octets.subarray(0, scene.brink));
      await when;
      await scene.sendContent(octets.subarray(scene.brink));
    };
    return answerWhole({ ...scene, sendContent });
  },
});

/** The same server, and when it is asked first. */
export function announced(script: Script): { script: Script; asked: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = (scene: Scene) => {
    resolve();
    return script.answer(scene);
  };
  return { script: { ...script, answer }, asked: promise };
}

/** Sends this many bytes every 10 ms. */
export const slowly = (bytes: number, served?: Content): Script => ({
  answer: (scene) =>
    answerWhole({
      ...scene,
      sendContent: async (octets) => {
        for (let at = 0; at < octets.length; at += bytes) {
          await scene.sendContent(octets.subarray(at, at + bytes));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
    }, { content: served ?? content }),
});

type Options = NonNullable<Parameters<typeof fetchInto>[2]>;

/** Downloads from servers that a balancer names in turn; says what each did, and how much it sent. */
export async function relieved(
  scripts: readonly Script[],
  options: Options = {},
  { brink = BRINK, expected = content } = {},
) {
  await using stack = new AsyncDisposableStack();
  const serve = async (script: Script) =>
    stack.use(await ScriptedServer.start(script, { content, others, brink }));
  const servers = await Promise.all(scripts.map(serve));
  const names = servers.map(({ authority }) => authority);
  const front = await serve(redirecting(() => names, BALANCER, () => 0));
  const directory = stack.use(await TemporaryDirectory.with());
  const url = `http://${front.authority}/file`;
  const told = await fetchInto(await openFile(directory, url), url, {
    silence: SILENCE,
    retries: 5,
    ...options,
  });
  assertEquals(await sha256Of(directory, "a"), expected.sha256);
  const outcomes = names.map((name) =>
    told.attempts.records.find(({ server }) => server === name)?.outcomes ?? []
  );
  return { ...told, names, outcomes, sent: servers.map(({ sentOctets }) => sentOctets) };
}

/** A server on a free port. */
export function serving(script: Script): Promise<ScriptedServer> {
  return ScriptedServer.start(script, { content, others, brink: BRINK });
}
