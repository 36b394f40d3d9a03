import { assertEquals } from "@std/assert";
import type { BodyReader } from "../../lib/http/body.ts";
import { decodeLatin1, encodeLatin1, ProtocolError } from "../../lib/http/grammar.ts";
import { ReceiveBuffer } from "../../lib/http/receive_buffer.ts";

/** A reader as the feed sees it: called when more has arrived, until it gives a value or throws. */
export type Read<Value> = (buffer: ReceiveBuffer) => Value | undefined;

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
  const octets = encodeLatin1(raw);
  const all = octets.length;
  const whole = outcomeOf(newRead(), octets, [all]);
  const each = outcomeOf(newRead(), octets, Array.from({ length: all + 1 }, (_, i) => i));
  assertEquals(each, whole, "octet by octet");
  for (let split = 1; split < all && all <= EVERY_SPLIT_LIMIT; split++) {
    assertEquals(outcomeOf(newRead(), octets, [split, all]), whole, `split at ${split}`);
  }
  if (whole.verdict === "incomplete") return whole;
  for (const trailing of TRAILING) {
    const longer = encodeLatin1(raw + trailing);
    const what = `with ${JSON.stringify(trailing)} behind it`;
    assertEquals(outcomeOf(newRead(), longer, [longer.length]), whole, what);
  }
  return whole;
}

function outcomeOf<Value>(
  read: Read<Value>,
  octets: Uint8Array,
  lengths: readonly number[],
): Outcome<Value> {
  const buffer = new ReceiveBuffer(16);
  let arrived = 0;
  try {
    for (const length of lengths) {
      arrive(buffer, octets.subarray(arrived, length));
      arrived = length;
      const value = read(buffer);
      if (value !== undefined) return { verdict: "accepted", value, consumed: buffer.takenBytes };
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { verdict: "refused", status: error.statusHint, message: error.message };
  }
  return { verdict: "incomplete" };
}

/** Lets octets arrive in a buffer. */
export function arrive(buffer: ReceiveBuffer, octets: Uint8Array): void {
  for (let at = 0; at < octets.length;) {
    const room = buffer.makeRoom();
    const count = Math.min(room.length, octets.length - at);
    room.set(octets.subarray(at, at + count));
    buffer.add(count);
    at += count;
  }
}

/** A buffer in which this text has arrived. */
export function received(text: string): ReceiveBuffer {
  const buffer = new ReceiveBuffer();
  arrive(buffer, encodeLatin1(text));
  return buffer;
}

/** Reads a body, as the owner of the connection would. */
export function readBody(reader: BodyReader): Read<{ content: string }> {
  let content = "";
  return (buffer) => {
    for (let piece; (piece = reader.read(buffer)) !== undefined;) content += textOf(piece);
    return reader.isDone ? { content } : undefined;
  };
}

/** The octets as text, one character an octet, however many there are. */
export function textOf(octets: Uint8Array): string {
  let text = "";
  for (let at = 0; at < octets.length; at += 8192) {
    text += decodeLatin1(octets, at, Math.min(at + 8192, octets.length));
  }
  return text;
}
