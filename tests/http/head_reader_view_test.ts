import { assertEquals, assertThrows } from "@std/assert";
import { requestHeadReader } from "../../lib/http/head_reader.ts";
import { HEAD_LIMIT } from "../../lib/http/limits.ts";
import type { RequestHead } from "../../lib/http/message.ts";
import { encodeOctets } from "../../lib/http/octets.ts";
import { ProtocolError } from "../../lib/http/protocol_error.ts";
import { type Row } from "../cases/case.ts";
import { HOSTS } from "../cases/hosts.ts";
import { REQUEST_FIELDS } from "../cases/request_fields.ts";
import { REQUEST_LINES, type RequestHeadValue } from "../cases/request_heads.ts";
import { REQUEST_LIMITS } from "../cases/request_limits.ts";
import { type Read } from "../support/feed.ts";
import { checkRow, testRows } from "../support/rows.ts";

const HEADS = [
  "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
  "HEAD /22 HTTP/1.0\r\nA: 1\r\nHost: bb\r\nLonger: than the others, \x80\xff\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost:c\r\nB:\r\n\r\n",
] as const;

/** What is to be read from `HEADS`. */
const VALUES = [
  "GET /1 1.1 Host=a",
  "HEAD /22 1.0 A=1 Host=bb Longer=than the others, \x80\xff",
  "OPTIONS * 1.1 Host=c B=",
] as const;

/** All that a head says. */
function valueOf({ method, requestTarget, httpVersion, fields }: RequestHead): string {
  const lines = [...fields].map(([fieldName, fieldValue]) => `${fieldName}=${fieldValue}`);
  return [method, requestTarget, httpVersion, ...lines].join(" ");
}

/** What has arrived, as a connection keeps it: in one memory, and in another view at each arrival. */
class Received {
  readonly #memory = new Uint8Array(1000);
  view: Uint8Array = this.#memory.subarray(0, 0);
  consumed = 0;

  /** More arrives, and what was not consumed moves to the front. */
  add(text: string): void {
    this.#memory.copyWithin(0, this.consumed, this.view.length);
    const left = this.view.length - this.consumed;
    this.#memory.set(encodeOctets(text), left);
    this.view = this.#memory.subarray(0, left + text.length);
    this.consumed = 0;
  }

  /** All heads that can be read now. */
  heads(reader: ReturnType<typeof requestHeadReader>): RequestHead[] {
    const heads: RequestHead[] = [];
    for (let read; (read = reader.read(this.view, this.consumed)) !== undefined;) {
      this.consumed += read.consumed;
      heads.push(read.head);
    }
    return heads;
  }
}

/** What the tables of requests hold. */
type HeadValue = RequestHeadValue & { host?: string };

const ROWS: readonly Row<Partial<HeadValue>>[] = [
  ...REQUEST_LINES,
  ...REQUEST_FIELDS,
  ...HOSTS,
  ...REQUEST_LIMITS,
];

/** A new reader that has read a head already; what it is to read stands behind that in one view. */
function newReadBehind(): Read<HeadValue> {
  const reader = requestHeadReader();
  const [before] = HEADS;
  reader.read(encodeOctets(before));
  return (octets) => {
    const view = new Uint8Array(before.length + octets.length);
    view.set(octets, before.length);
    const read = reader.read(view, before.length);
    if (read === undefined) return undefined;
    const { fields, ...start } = read.head;
    const host = fields.get("host");
    const value = { ...start, fieldLines: [...fields], ...(host === undefined ? {} : { host }) };
    return { value, consumed: read.consumed };
  };
}

testRows(
  "requestHeadReader() reads behind another head what it reads at the front",
  ROWS,
  (row) => checkRow(row, newReadBehind),
);

Deno.test("HeadReader.read() reads pipelined heads, each from where it begins", () => {
  const received = new Received();
  received.add(HEADS.join(""));
  const reader = requestHeadReader();
  for (const [i, raw] of HEADS.entries()) {
    const { head, consumed } = reader.read(received.view, received.consumed)!;
    assertEquals({ value: valueOf(head), consumed }, { value: VALUES[i]!, consumed: raw.length });
    received.consumed += consumed;
  }
  assertEquals(reader.read(received.view, received.consumed), undefined);
});

Deno.test("HeadReader.read() reads on when a part of a head has moved to the front", () => {
  const raw = HEADS.join("");
  for (let first = 0; first <= raw.length; first++) {
    for (const second of [first, first + 1, first + 10, raw.length]) {
      const received = new Received();
      const reader = requestHeadReader();
      const heads: RequestHead[] = [];
      for (const part of [raw.slice(0, first), raw.slice(first, second), raw.slice(second)]) {
        received.add(part);
        heads.push(...received.heads(reader));
      }
      assertEquals(heads.map(valueOf), [...VALUES], `split at ${first} and ${second}`);
    }
  }
});

Deno.test("HeadReader.read() reads what is new in the same memory, and leaves old heads alone", () => {
  const received = new Received();
  const reader = requestHeadReader();
  const targets = Array.from({ length: 20 }, (_, i) => `/${10 + i}`);
  const heads = targets.flatMap((target) => {
    received.add(`GET ${target} HTTP/1.1\r\nHost: a\r\nA: ${target}\r\n\r\n`);
    return received.heads(reader);
  });
  assertEquals(
    heads.map(valueOf),
    targets.map((target) => `GET ${target} 1.1 Host=a A=${target}`),
  );
});

Deno.test("HeadReader.read() begins anew where what stood between two heads was consumed", () => {
  const received = new Received();
  const reader = requestHeadReader();
  received.add(`${HEADS[0]}a body\r\n\r\n${HEADS[1]}${HEADS[2].slice(0, 30)}`);
  const { consumed } = reader.read(received.view, 0)!;
  received.consumed = consumed + "a body\r\n\r\n".length;
  assertEquals(received.heads(reader).map(valueOf), [VALUES[1]]);
  received.add(HEADS[2].slice(30));
  assertEquals(received.heads(reader).map(valueOf), [VALUES[2]]);
});

Deno.test("HeadReader.takeEmptyLines() counts those between heads that no head has taken", () => {
  const received = new Received();
  const reader = requestHeadReader();
  const taken = () => {
    const count = reader.takeEmptyLines();
    received.consumed += count;
    return count;
  };
  received.add(`\r\n${HEADS[0]}\r\n\r\n${HEADS[1]}\r\n\r\n\r\n`);
  assertEquals(received.heads(reader).map(valueOf), [VALUES[0], VALUES[1]]);
  assertEquals([taken(), taken(), received.consumed], [6, 0, received.view.length]);
  received.add("\r\n\r");
  assertEquals([received.heads(reader).length, taken(), taken()], [0, 2, 0]);
  received.add(`\n${HEADS[2].slice(0, 5)}`);
  assertEquals([received.heads(reader).length, taken(), taken()], [0, 2, 0]);
  // Those before a head whose first line was read belong to it.
  received.add(`${HEADS[2].slice(5)}\r\n${HEADS[0].slice(0, 20)}`);
  assertEquals(received.heads(reader).map(valueOf), [VALUES[2]]);
  assertEquals(taken(), 0);
  received.add(HEADS[0].slice(20));
  assertEquals(received.heads(reader).map(valueOf), [VALUES[0]]);
});

Deno.test("HeadReader.read() bears no end of empty lines, however often they are taken", () => {
  const received = new Received();
  const reader = requestHeadReader();
  const add = () => {
    received.add("\r\n".repeat(100));
    assertEquals(reader.read(received.view, received.consumed), undefined);
    received.consumed += reader.takeEmptyLines();
  };
  for (let octets = 200; octets <= HEAD_LIMIT; octets += 200) add();
  assertEquals(assertThrows(add, ProtocolError).statusHint, 431);
});

Deno.test("HeadReader.read() counts empty lines once, though what follows has moved", () => {
  const [before] = HEADS;
  const behind = "\r\n".repeat(HEAD_LIMIT * 0.3) + before;
  const reader = requestHeadReader();
  const cut = encodeOctets(before + behind.slice(0, -5));
  assertEquals(reader.read(cut)?.consumed, before.length);
  assertEquals(reader.read(cut, before.length), undefined);
  assertEquals(reader.takeEmptyLines(), 0);
  assertEquals(reader.read(encodeOctets(behind))?.consumed, behind.length);
});
