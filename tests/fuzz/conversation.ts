import {
  type BodyFraming,
  bodyReader,
  requestBodyFraming,
  responseBodyFraming,
} from "../../lib/http/body.ts";
import type { FieldLine } from "../../lib/http/fields.ts";
import { ProtocolError } from "../../lib/http/grammar.ts";
import { LENIENT, type Reading, STRICT } from "../../lib/http/limits.ts";
import { isPersistent } from "../../lib/http/message.ts";
import { ReceiveBuffer } from "../../lib/http/receive_buffer.ts";
import { expectsContinue, originForm, requestHeadReader } from "../../lib/http/request.ts";
import { responseHeadReader } from "../../lib/http/response.ts";
import { arrive, textOf } from "../support/feed.ts";

/** One message that was understood. */
export interface Understood {
  readonly startLine: readonly string[];
  readonly fieldLines: readonly FieldLine[];
  readonly framing: BodyFraming;
  /** One byte a character. */
  readonly content: string;
}

/** All that one side of a connection said, as our readers understand it. */
export interface Conversation {
  readonly messages: readonly Understood[];
  /** Why no more was understood. */
  readonly end: "incomplete" | "close" | { readonly status: number; readonly message: string };
}

/** Bytes that arrive in pieces. */
class Arrivals {
  readonly buffer = new ReceiveBuffer();
  #arrived = 0;

  /** `splits` are the positions, in their order, at which the bytes are cut. */
  constructor(readonly bytes: Uint8Array, readonly splits: readonly number[]) {}

  /** False at the end. */
  next(): boolean {
    if (this.#arrived === this.bytes.length) return false;
    const split = this.splits.find((position) => position > this.#arrived) ?? this.bytes.length;
    arrive(this.buffer, this.bytes.subarray(this.#arrived, split));
    this.#arrived = split;
    return true;
  }
}

/**
 * Reads bytes as a session does, request after request. Any exception but a ProtocolError goes
 * through.
 */
export function readRequests(bytes: Uint8Array, splits: readonly number[] = []): Conversation {
  const arrivals = new Arrivals(bytes, splits);
  const heads = requestHeadReader();
  return converse(arrivals, () => {
    const head = heads.read(arrivals.buffer);
    if (head === undefined) return undefined;
    const { method, requestTarget, httpVersion, fields } = head;
    originForm(method, requestTarget);
    const framing = requestBodyFraming(head);
    expectsContinue(head);
    const startLine = [method, requestTarget, httpVersion];
    return { startLine, fields, framing, mustClose: !isPersistent(head) };
  });
}

/** Reads bytes as a client does that asked with one method again and again. */
export function readResponses(
  bytes: Uint8Array,
  splits: readonly number[] = [],
  method = "GET",
): Conversation {
  const arrivals = new Arrivals(bytes, splits);
  const heads = responseHeadReader();
  return converse(arrivals, () => {
    const head = heads.read(arrivals.buffer);
    if (head === undefined) return undefined;
    const { httpVersion, statusCode, reasonPhrase, fields } = head;
    const startLine = [httpVersion, `${statusCode}`, reasonPhrase];
    const framing = responseBodyFraming(method, head);
    return { startLine, fields, framing, mustClose: framing.kind === "untilClose" };
  }, LENIENT);
}

interface Head {
  readonly startLine: readonly string[];
  readonly fields: Iterable<FieldLine>;
  readonly framing: BodyFraming;
  readonly mustClose: boolean;
}

function converse(
  arrivals: Arrivals,
  nextHead: () => Head | undefined,
  reading = STRICT,
): Conversation {
  const messages: Understood[] = [];
  try {
    for (;;) {
      const head = nextHead();
      if (head === undefined) {
        if (arrivals.next()) continue;
        return { messages, end: "incomplete" };
      }
      const content = readContent(arrivals, head.framing, reading);
      if (content === undefined) return { messages, end: "incomplete" };
      const { startLine, fields, framing } = head;
      messages.push({ startLine, fieldLines: [...fields], framing, content });
      if (head.mustClose) return { messages, end: "close" };
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { messages, end: { status: error.statusHint, message: error.message } };
  }
}

function readContent(
  arrivals: Arrivals,
  framing: BodyFraming,
  reading: Reading,
): string | undefined {
  const body = bodyReader(framing, reading);
  let content = "";
  while (!body.isDone) {
    const piece = body.read(arrivals.buffer);
    if (piece !== undefined) content += textOf(piece);
    if (piece !== undefined || body.isDone || arrivals.next()) continue;
    return framing.kind === "untilClose" ? content : undefined;
  }
  return content;
}
