/**
 * What operators ask of a balancer at the socket of `--control`.
 *
 * @module
 */

import { decodeLatin1 } from "../../lib/http/grammar.ts";
import { RawClient } from "./raw_client.ts";
import { type RawReply, replyOf } from "./raw_reply.ts";

/** What is answered to one request, on a connection of its own. */
export async function askControl(path: string, target: string, method = "POST"): Promise<RawReply> {
  using client = RawClient.over(await Deno.connect({ transport: "unix", path }));
  await client.send(`${method} ${target} HTTP/1.1\r\nHost: balancer\r\nConnection: close\r\n\r\n`);
  const bytes = await client.rest();
  return replyOf(decodeLatin1(bytes, 0, bytes.length), method);
}

/** Status code and text of an action such as `web1:8000/drain`. */
export async function act(path: string, action: string): Promise<string> {
  const { statusCode, content } = await askControl(path, `/servers/${action}`);
  return `${statusCode} ${content.trimEnd()}`;
}
