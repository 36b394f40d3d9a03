import { type BodyFraming, requestBodyFraming, responseBodyFraming } from "../../lib/http/body.ts";
import { bodyDecoder } from "../../lib/http/body_decoder.ts";
import { expectsContinue } from "../../lib/http/expectation.ts";
import type { FieldLine } from "../../lib/http/fields.ts";
import { requestHeadReader, responseHeadReader } from "../../lib/http/head_reader.ts";
import { isPersistent } from "../../lib/http/message.ts";
import { decodeOctets } from "../../lib/http/octets.ts";
import { ProtocolError } from "../../lib/http/protocol_error.ts";
import { LENIENT, type Reading, STRICT } from "../../lib/http/reading.ts";
import { originForm } from "../../lib/http/request_target.ts";

/** One message that was understood. */
export interface Understood {
  readonly startLine: readonly string[];
  readonly fieldLines: readonly FieldLine[];
  readonly framing: BodyFraming;
  /** One octet a character. */
  readonly content: string;
}

/** All that one side of a connection said, as our readers understand it. */
export interface Conversation {
  readonly messages: readonly Understood[];
  /** Why no more was understood. */
  readonly end: "incomplete" | "close" | { readonly status: number; readonly message: string };
}

/** Octets that arrive in pieces. */
class Arrivals {
  #consumed = 0;
  #arrived = 0;

  /** `splits` are the positions, in their order, at which the octets are cut. */
  constructor(readonly octets: Uint8Array, readonly splits: readonly number[]) {}

  get buffered(): Uint8Array {
    return this.octets.subarray(this.#consumed, this.#arrived);
  }

  get consumed(): number {
    return this.#consumed;
  }

  consume(count: number): void {
    this.#consumed += count;
  }

  /** False at the end. */
  next(): boolean {
    if (this.#arrived === this.octets.length) return false;
    const split = this.splits.find((position) => position > this.#arrived);
    this.#arrived = split ?? this.octets.length;
    return true;
  }
}

/**
 * Reads octets as a session does, request after request. Any exception but a ProtocolError goes
 * through.
 */
export function readRequests(octets: Uint8Array, splits: readonly number[] = []): Conversation {
  const arrivals = new Arrivals(octets, splits);
  const heads = requestHeadReader();
  return converse(arrivals, () => {
    const read = heads.read(arrivals.buffered);
    if (read === undefined) {
      arrivals.consume(heads.takeEmptyLines());
      return undefined;
    }
    arrivals.consume(read.consumed);
    const { method, requestTarget, httpVersion, fields } = read.head;
    originForm(method, requestTarget);
    const framing = requestBodyFraming(read.head);
    expectsContinue(read.head);
    const startLine = [method, requestTarget, httpVersion];
    return { startLine, fields, framing, mustClose: !isPersistent(read.head) };
  });
}

/** Reads octets as a client does that asked with one method again and again. */
export function readResponses(
  octets: Uint8Array,
  splits: readonly number[] = [],
  method = "GET",
): Conversation {
  const arrivals = new Arrivals(octets, splits);
  const heads = responseHeadReader();
  return converse(arrivals, () => {
    const read = heads.read(arrivals.buffered);
    if (read === undefined) return undefined;
    arrivals.consume(read.consumed);
    const { httpVersion, statusCode, reasonPhrase, fields } = read.head;
    const startLine = [httpVersion, `${statusCode}`, reasonPhrase];
    const framing = responseBodyFraming(method, read.head);
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
  const decoder = bodyDecoder(framing, reading);
  let content = "";
  while (!decoder.isDone) {
    const step = decoder.decode(arrivals.buffered);
    content += decodeOctets(step.content, 0, step.content.length);
    arrivals.consume(step.consumed);
    if (step.consumed > 0 || arrivals.next()) continue;
    return framing.kind === "untilClose" ? content : undefined;
  }
  return content;
}
