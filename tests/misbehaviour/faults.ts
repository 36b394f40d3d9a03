import { answerInChunks, answerUpTo, answerWhole } from "./answering.ts";
import { reprDigest } from "./content.ts";
import type { Scene, Script, Then } from "./scripted_server.ts";
import { headOf, refusalOf } from "./wire.ts";

/** What a server does wrong. */
export interface Fault extends Script {
  /** How a client may end that finds no better server. With 0 it must have the right content. */
  readonly exitStatuses: readonly number[];
  /** Whether a client cannot tell unless somebody told it the digest. */
  readonly needsDigest?: true;
}

/** A port of this machine where nobody listens. */
const NOWHERE = "http://127.0.0.1:1/nowhere";

/** More drops would be a part of the content that is worth having. */
const MOST_DRIPS = 100;

const NETWORK = [3];
const ANSWER = [1];

/** Servers that fail before there is any content. */
const SILENT_FAULTS = {
  hangs: fault(NETWORK, async ({ wire }) => await wire.untilGone()),

  "hangs in the head": fault(NETWORK, async ({ wire }) => {
    await wire.send("HTTP/1.1 200 OK\r\nContent-Le");
    await wire.untilGone();
  }),

  "closes without an answer": fault(NETWORK, () => Promise.resolve()),

  "resets without an answer": resetting(() => Promise.resolve()),

  "is no HTTP": fault(NETWORK, ({ wire }) => wire.send("SSH-2.0-OpenSSH_9.2\r\n")),

  "sends 1xx without end": fault(NETWORK, async ({ wire, pause }) => {
    for (;; await pause()) await wire.send(headOf("103 Early Hints", {}).repeat(50));
  }),
} satisfies Readonly<Record<string, Fault>>;

/** Servers that answer, but with no content. */
const REFUSALS = {
  "404": refusing("404 Not Found"),
  "408": refusing("408 Request Timeout"),
  "429": refusing("429 Too Many Requests", { "Retry-After": 1 }),
  "500": refusing("500 Internal Server Error"),
  "503": refusing("503 Service Unavailable", { "Retry-After": 1 }),
  "503 without Retry-After": refusing("503 Service Unavailable"),

  "redirects to itself": fault([5], async ({ wire, request }) => {
    await wire.send(refusalOf("302 Found", { Location: request.target }));
    return "persists";
  }),

  "redirects ever on": fault([5], async ({ wire, request: { target } }) => {
    const [path, count = 0] = target.split("?");
    await wire.send(refusalOf("302 Found", { Location: `${path}?${Number(count) + 1}` }));
    return "persists";
  }),

  "redirects to nowhere": fault(NETWORK, async ({ wire }) => {
    await wire.send(refusalOf("302 Found", { Location: NOWHERE }));
    return "persists";
  }),
} satisfies Readonly<Record<string, Fault>>;

/** Servers that send right octets, but never those behind the brink. */
const TRUNCATIONS = {
  "resets in the content": resetting((scene) => answerUpTo(scene, scene.brink)),

  "short body": fault(NETWORK, (scene) => answerUpTo(scene, scene.brink)),

  stalls: fault(NETWORK, async (scene) => {
    await answerUpTo(scene, scene.brink);
    await scene.wire.untilGone();
  }),

  drips: fault(NETWORK, async (scene) => {
    const sendContent = async (octets: Uint8Array) => {
      for (let i = 0; i < octets.length; i++) {
        await scene.sendContent(octets.subarray(i, i + 1));
        await scene.pause();
      }
    };
    await answerUpTo({ ...scene, sendContent }, Math.min(scene.brink, MOST_DRIPS));
    await scene.wire.untilGone();
  }),

  "closes between chunks": fault(NETWORK, (scene) => answerInChunks(scene, scene.brink)),

  /** It cuts off a whole, and answers a range with the whole again; one from 0 with one from 1. */
  "wrong start in Content-Range": fault(NETWORK, async (scene) => {
    const { request, content: { entityTag, octets } } = scene;
    const range = request.fields.get("range");
    if (range === undefined) return await answerUpTo(scene, scene.brink);
    const from = range.startsWith("bytes=0-") ? 1 : 0;
    await scene.wire.send(headOf("206 Partial Content", {
      "ETag": entityTag,
      "Content-Range": `bytes ${from}-${octets.length - 1}/${octets.length}`,
      "Content-Length": octets.length - from,
    }));
    await scene.sendContent(octets.subarray(from));
  }),

  /** It cuts off a whole, and answers a range with one of something longer. */
  "wrong total in Content-Range": fault(NETWORK, async (scene) => {
    const longer = new Uint8Array(scene.content.octets.length + 1);
    longer.set(scene.content.octets);
    const content = { ...scene.content, octets: longer };
    const isRange = scene.request.fields.has("range");
    await answerUpTo(scene, isRange ? Infinity : scene.brink, isRange ? { content } : {});
  }),

  "206 unasked": fault([1, 3], async (scene) => {
    if (scene.request.fields.has("range")) return;
    const end = Math.max(1, scene.brink);
    const fields = new Map([...scene.request.fields, ["range", `bytes=0-${end - 1}`]]);
    await answerUpTo({ ...scene, request: { ...scene.request, fields } }, end);
  }),
} satisfies Readonly<Record<string, Fault>>;

/** Servers that have something else under the name. */
const MIX_UPS = {
  /** The octets that are right come first, as many as were announced. */
  "long body": fault([0, 3], async (scene) => {
    await answerUpTo(scene, Infinity);
    await scene.wire.send("HTTP/1.1 ".repeat(1000));
  }),

  "other content": {
    ...fault([6], (scene) => answerWhole(scene, { content: scene.others })),
    needsDigest: true,
  },

  "other content under the same ETag": {
    ...fault([6], (scene) => {
      const { entityTag } = scene.content;
      const fields = { "ETag": entityTag, "Repr-Digest": undefined };
      return answerWhole(scene, { content: { ...scene.others, entityTag }, fields });
    }),
    needsDigest: true,
  },

  /** Its digest was made before the disk went wrong. */
  "octets that are not its Repr-Digest": fault([6], (scene) => {
    const content = { ...scene.others, reprDigest: reprDigest(scene.content.sha256) };
    return answerWhole(scene, { content, hasRanges: false });
  }),

  /** It has no whole, and a range is one of other content, with the ETag of that. */
  "range of other content": fault([1, 3], async (scene) => {
    if (scene.request.fields.has("range")) {
      await answerUpTo(scene, Infinity, { content: scene.others, ignoresIfRange: true });
    } else await scene.wire.send(refusalOf("500 Internal Server Error"));
  }),
} satisfies Readonly<Record<string, Fault>>;

/** Servers from which no client gets the content, unless 0 is among the exit statuses. */
export const FAULTS = { ...SILENT_FAULTS, ...REFUSALS, ...TRUNCATIONS, ...MIX_UPS };

/** A fault, after which the connection ends unless the answer says otherwise. */
function fault(
  exitStatuses: readonly number[],
  answer: (scene: Scene) => Promise<Then | void>,
): Fault {
  return { exitStatuses, answer: async (scene) => await answer(scene) ?? "ends" };
}

/** A fault of the network, after which the connection is reset. */
function resetting(answer: (scene: Scene) => Promise<void>): Fault {
  const thenReset = async (scene: Scene): Promise<Then> => {
    await answer(scene);
    // What has not arrived yet when a connection is reset is lost.
    await scene.pause();
    return "resets";
  };
  return { exitStatuses: NETWORK, mayReset: true, answer: thenReset };
}

function refusing(status: string, fields: Readonly<Record<string, string | number>> = {}): Fault {
  return fault(ANSWER, async ({ wire }) => {
    await wire.send(refusalOf(status, fields));
    return "persists";
  });
}
