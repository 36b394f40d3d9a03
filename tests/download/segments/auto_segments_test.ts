import { assert, assertEquals, assertNotMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { RateLimit } from "../../../lib/download/requests/rate_limit.ts";
import { Verification } from "../../../lib/download/verification.ts";
import { answerWhole } from "../../misbehaviour/answering.ts";
import { drawContent, othersOf } from "../../misbehaviour/content.ts";
import { sha256Of } from "../../misbehaviour/digest.ts";
import { redirecting } from "../../misbehaviour/redirecting.ts";
import { type Script, ScriptedServer } from "../../misbehaviour/scripted_server.ts";
import { UPRIGHT } from "../../misbehaviour/upright.ts";
import { refusalOf } from "../../misbehaviour/wire.ts";
import { fetchInto, openFile } from "../../support/downloading.ts";
import { seededRandom } from "../../support/random.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const content = await drawContent(seededRandom(1), 3_000_000);
const others = await othersOf(content);

/** Serves slowly enough for more connections, over one connection at a time. */
class SlowServer implements Script {
  readonly #answering = new Set<Promise<unknown>>();
  /** How often it was asked while it was answering another connection. */
  shared = 0;

  async answer(scene: Parameters<Script["answer"]>[0]) {
    // One that the client has closed may not be known to be over yet.
    const patience = new AbortController();
    const over = delay(2000, patience).catch(() => {});
    await Promise.race([Promise.all(this.#answering), over]);
    patience.abort();
    if (this.#answering.size > 0) this.shared++;
    const sendContent = async (all: Uint8Array) => {
      for (let at = 0; at < all.length; at += 10_000) {
        await scene.sendContent(all.subarray(at, at + 10_000));
        await delay(10);
      }
    };
    const answering = answerWhole({ ...scene, sendContent });
    const settled = answering.catch(() => {});
    this.#answering.add(settled);
    try {
      return await answering;
    } finally {
      this.#answering.delete(settled);
    }
  }
}

const BALANCER = {
  order: "in turn",
  heedsAvoidance: true,
  namesDuplicates: true,
  hiccups: 0,
} as const;

/** Downloads from servers behind a redirector, the first of them first. */
async function downloaded(
  scripts: readonly Script[],
  front: (servers: () => string[]) => Script | undefined,
  options: Parameters<typeof fetchInto>[2] = {},
) {
  await using stack = new AsyncDisposableStack();
  const serve = async (script: Script) =>
    stack.use(await ScriptedServer.start(script, { content, others, brink: 0 }));
  const servers = await Promise.all(scripts.map(serve));
  const names = servers.map(({ authority }) => authority);
  const script = front(() => names);
  const first = script === undefined ? servers[0]! : await serve(script);
  const directory = stack.use(await TemporaryDirectory.with());
  const url = `http://${first.authority}/file`;
  const verification = new Verification([{ algorithm: "sha-256", hex: content.sha256 }], true);
  const told = await fetchInto(await openFile(directory, url), url, {
    segments: "auto",
    verification,
    ...options,
  });
  assertEquals(await directory.names(), ["a"]);
  assertEquals(await sha256Of(directory, "a"), content.sha256);
  assertEquals(verification.sha256, content.sha256);
  assertEquals(scripts.map((it) => it instanceof SlowServer ? it.shared : 0), scripts.map(() => 0));
  const outcomes = names.map((name) =>
    told.attempts.records.find(({ server }) => server === name)?.outcomes ?? []
  );
  return { ...told, outcomes, sent: servers.map(({ sentOctets }) => sentOctets) };
}

const balancing =
  (options: Partial<Parameters<typeof redirecting>[1]> = {}) => (all: () => string[]) =>
    redirecting(all, { ...BALANCER, ...options }, () => 0);

Deno.test("download() with auto lets servers join that are named, and others that the balancer picks", async () => {
  await Promise.all([true, false].map(async (namesDuplicates) => {
    const farm = [new SlowServer(), new SlowServer(), new SlowServer()];
    const { outcomes, notices } = await downloaded(farm, balancing({ namesDuplicates }));
    assertEquals(outcomes.slice(0, 2), [["done"], ["done"]]);
    assertEquals(notices, ["in segments, as many as make it faster, at a time"]);
  }));
});

Deno.test("download() with auto shares no server, whatever the redirector names", async () => {
  const same = () => (all: () => string[]) =>
    redirecting(() => all().slice(0, 1), BALANCER, () => 0);
  const fronts = [
    same(), // The same server each time.
    () => undefined, // None: the server itself.
    balancing({ heedsAvoidance: false, namesDuplicates: false, order: "by chance" }),
  ];
  await Promise.all(fronts.map(async (front) => {
    const { outcomes, attempts } = await downloaded([new SlowServer(), new SlowServer()], front);
    assertEquals([outcomes, attempts.failures], [[["done"], []], 0]);
  }));
});

const refusing = (text: string): Script => ({
  answer: async ({ wire }) => (await wire.send(text), "ends"),
});

Deno.test("download() with auto asks the next server at once when one cannot join", async () => {
  const refusals: readonly (readonly Script[])[] = [
    [refusing(refusalOf("404 Not Found")), refusing(refusalOf("503 Service Unavailable"))],
    [{ answer: () => Promise.resolve("ends") }, UPRIGHT["has another ETag"]],
  ];
  await Promise.all(refusals.map(async (scripts) => {
    const farm = [new SlowServer(), ...scripts, new SlowServer()];
    const { outcomes, attempts } = await downloaded(farm, balancing());
    assertEquals([outcomes[0], outcomes.at(-1)!.at(-1), attempts.repeats], [["done"], "done", 0]);
    for (const few of outcomes.slice(1, -1)) assert(few.length < 2, `${few}`);
  }));
});

/** Answers the second and all later connections so. */
const answeringOthers = (text: string) => {
  let asks = 0;
  return (all: () => string[]): Script => {
    const { answer } = redirecting(all, BALANCER, () => 0);
    return {
      answer: async (scene) => {
        if (++asks === 1) return await answer(scene);
        await scene.wire.send(text);
        return "persists";
      },
    };
  };
};

Deno.test("download() with auto never fails because of a connection that cannot join", async () => {
  const texts = [
    refusalOf("503 Service Unavailable", { "Retry-After": 30 }),
    refusalOf("429 Too Many Requests"),
    refusalOf("404 Not Found"),
    "nonsense\r\n\r\n",
  ];
  const second: Script[] = [
    ...texts.map(refusing),
    { answer: () => Promise.resolve("ends") },
    UPRIGHT["has no ranges"],
    UPRIGHT["has another ETag"],
    // It has become shorter.
    {
      answer: (scene) =>
        answerWhole(scene, { content: { ...content, octets: content.octets.slice(9) } }),
    },
  ];
  const farms = second.map((script) => downloaded([new SlowServer(), script], balancing()));
  const fronts = texts.map((text) => {
    const front = answeringOthers(text);
    // It names no others, so that it is asked itself.
    return downloaded(
      [new SlowServer(), new SlowServer()],
      (all) => front(() => all().slice(0, 1)),
    );
  });
  for (const { outcomes, attempts } of await Promise.all([...farms, ...fronts])) {
    assertEquals([outcomes[0], attempts.repeats], [["done"], 0]);
  }
});

Deno.test("download() with auto adds nothing below a limit that one connection reaches", async () => {
  const rateLimit = new RateLimit(1_500_000, () => performance.now());
  const { outcomes, notices } = await downloaded([UPRIGHT.upright, UPRIGHT.upright], balancing(), {
    rateLimit,
  });
  assertEquals(outcomes, [["done"], []]);
  assertNotMatch(notices.join("\n"), /in segments/);
});

Deno.test("download() with auto goes on when the first server fails, and another has joined", async () => {
  const slow = new SlowServer();
  const failing: Script = {
    answer: (scene) => {
      let left = 1_000_000;
      const sendContent = async (octets: Uint8Array) => {
        if ((left -= octets.length) < 0) scene.wire[Symbol.dispose]();
        await scene.sendContent(octets);
      };
      return slow.answer({ ...scene, sendContent });
    },
  };
  const { outcomes, attempts } = await downloaded([failing, new SlowServer()], balancing());
  assert(attempts.failures > 0);
  assertEquals(outcomes[1]!.at(-1), "done");
});
