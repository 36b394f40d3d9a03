import type { Content } from "./content.ts";
import type { Scene, Then } from "./scripted_server.ts";
import { select, type SelectionOptions } from "./selection.ts";
import { headOf } from "./wire.ts";

/** Where an answer is not the usual one. */
export interface AnswerOptions extends SelectionOptions {
  /** What is served; by default the content of the server. */
  readonly content?: Content;
  /** Fields that are added, or put in the place of others; undefined takes one away. */
  readonly fields?: Readonly<Record<string, string | number | undefined>>;
}

/** Sends what was asked for, as an upright server does. */
export async function answerWhole(scene: Scene, options: AnswerOptions = {}): Promise<Then> {
  await answerUpTo(scene, Infinity, options);
  return "persists";
}

/** Sends the head that an upright server would, and the content up to a position in all of it. */
export async function answerUpTo(
  scene: Scene,
  position: number,
  options: AnswerOptions = {},
): Promise<void> {
  const { content = scene.content } = options;
  const { status, fields, from, to } = select(scene.request, content, options);
  await scene.wire.send(headOf(status, { ...fields, ...options.fields }));
  if (scene.request.method !== "HEAD") {
    await scene.sendContent(content.octets.subarray(from, Math.max(from, Math.min(to, position))));
  }
}

/** Sends a 200 in chunks up to a position; behind the whole comes the last chunk. */
export async function answerInChunks(scene: Scene, position: number): Promise<Then> {
  const { wire, request, content: { octets, entityTag, reprDigest } } = scene;
  const fields = { "ETag": entityTag, "Repr-Digest": reprDigest, "Transfer-Encoding": "chunked" };
  await wire.send(headOf("200 OK", fields));
  if (request.method === "HEAD") return "persists";
  const end = Math.min(position, octets.length);
  const chunkOctets = Math.max(1, Math.ceil(octets.length / 7));
  for (let at = 0; at < end; at += chunkOctets) {
    const chunk = octets.subarray(at, Math.min(at + chunkOctets, end));
    await wire.send(`${chunk.length.toString(16)}\r\n`);
    await scene.sendContent(chunk);
    await wire.send("\r\n");
  }
  if (position < octets.length) return "ends";
  await wire.send("0\r\n\r\n");
  return "persists";
}
