import { assertEquals } from "@std/assert";
import { type BodyDecoder } from "../../lib/http/body_decoder.ts";
import { decodeOctets, encodeOctets } from "../../lib/http/octets.ts";
import { ProtocolError } from "../../lib/http/protocol_error.ts";

/**
 * A reader as the feed sees it: called with the message from its first octet on, and more of it at
 * every call, until it gives a value or throws.
 */
export type Read<Value> = (octets: Uint8Array) => { value: Value; consumed: number } | undefined;

/** What became of all octets. */
export type Outcome<Value> =
  | { readonly verdict: "accepted"; readonly value: Value; readonly consumed: number }
  | { readonly verdict: "refused"; readonly status: number; readonly message: string }
  | { readonly verdict: "incomplete" };

/** Up to here a row is tried split at every point. */
const EVERY_SPLIT_LIMIT = 300;

/** What may stand behind a message; no octet of it may be consumed or change the verdict. */
const TRAILING = ["GET /behind HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n", "\0", "0"];

/**
 * Gives the octets to new readers whole, octet by octet, split in two at every point if there are
 * not too many, and with other octets behind them. Asserts that all say the same.
 */
export function feed<Value>(newRead: () => Read<Value>, raw: string): Outcome<Value> {
  const octets = insideLarger(raw);
  const all = octets.length;
  const whole = outcomeOf(newRead(), octets, [all]);
  const each = outcomeOf(newRead(), octets, Array.from({ length: all + 1 }, (_, i) => i));
  assertEquals(each, whole, "octet by octet");
  for (let split = 1; split < all && all <= EVERY_SPLIT_LIMIT; split++) {
    assertEquals(outcomeOf(newRead(), octets, [split, all]), whole, `split at ${split}`);
  }
  if (whole.verdict === "incomplete") return whole;
  for (const trailing of TRAILING) {
    const longer = insideLarger(raw + trailing);
    const what = `with ${JSON.stringify(trailing)} behind it`;
    assertEquals(outcomeOf(newRead(), longer, [longer.length]), whole, what);
  }
  return whole;
}

/** The octets as a view in the midst of others, which a reader must not see. */
function insideLarger(raw: string): Uint8Array {
  return encodeOctets(`\r\n0\r\n${raw}\r\n0\r\n\r\n`).subarray(5, 5 + raw.length);
}

function outcomeOf<Value>(
  read: Read<Value>,
  octets: Uint8Array,
  lengths: readonly number[],
): Outcome<Value> {
  try {
    for (const length of lengths) {
      const result = read(octets.subarray(0, length));
      if (result !== undefined) return { verdict: "accepted", ...result };
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { verdict: "refused", status: error.statusHint, message: error.message };
  }
  return { verdict: "incomplete" };
}

/** Reads a body with a decoder, as who owns the connection would. */
export function readBody(decoder: BodyDecoder): Read<{ content: string }> {
  let consumed = 0;
  let content = "";
  return (octets) => {
    while (!decoder.isDone) {
      const step = decoder.decode(octets.subarray(consumed));
      consumed += step.consumed;
      content += textOf(step.content);
      if (step.consumed === 0) break;
    }
    return decoder.isDone ? { value: { content }, consumed } : undefined;
  };
}

/** The octets as text, one character an octet, however many there are. */
export function textOf(octets: Uint8Array): string {
  let text = "";
  for (let at = 0; at < octets.length; at += 8192) {
    text += decodeOctets(octets, at, Math.min(at + 8192, octets.length));
  }
  return text;
}
