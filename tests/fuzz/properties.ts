import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { LAST_CHUNK, writeChunk } from "../../lib/http/body.ts";
import { fieldSection } from "../../lib/http/fields.ts";
import { decodeLatin1, encodeLatin1 } from "../../lib/http/grammar.ts";
import { canonicalAddress } from "../../lib/http/ip_address.ts";
import { readProxyHeader } from "../../lib/http/proxy_header.ts";
import { writeRequestHead } from "../../lib/http/request.ts";
import { writeResponseHead } from "../../lib/http/response.ts";
import { PROXY_HEADERS } from "../cases/proxy_headers.ts";
import { feed } from "../support/feed.ts";
import { readRequests, readResponses } from "./conversation.ts";

const TOKEN = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/);
const TARGET = fc.stringMatching(/^\/[\x21\x22\x24-\x7e]{0,60}$/);
/** Without white space around it, which would not be part of the value. */
const FIELD_VALUE = fc.stringMatching(
  /^(?:[\x21-\x7e](?:[\t\x20-\x7e]{0,40}[\x21-\x7e])?)?$/,
);
/** Fields that say nothing about the message or its connection. */
const FIELD_NAME = TOKEN.map((name) => `X-${name}`);
const FIELD_LINES = fc.array(fc.tuple(FIELD_NAME, FIELD_VALUE), { maxLength: 20 });
const SPLITS = fc.array(fc.nat(2000), { maxLength: 8 }).map((splits) =>
  splits.sort((a, b) => a - b)
);
const CHUNKS = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 });
const BYTES = fc.uint8Array({ maxLength: 400 });

/** Headers of the PROXY protocol, most of them with some bytes replaced. */
const PROXY_HEADER = fc.tuple(
  fc.constantFrom(...PROXY_HEADERS.map(({ raw }) => raw).filter(({ length }) => length < 300)),
  fc.nat(110),
  fc.nat(4),
  fc.uint8Array({ maxLength: 4 }),
).map(([raw, at, count, bytes]) =>
  raw.slice(0, at) + decodeLatin1(bytes, 0, bytes.length) + raw.slice(at + count)
);

/** What holds for all messages. Each is called with how often to try it; a failure is made small. */
export const PROPERTIES: Readonly<
  Record<string, (options: { seed: number; numRuns: number }) => void>
> = {
  "a request head that is written is read back": (options) => {
    const property = fc.property(
      TOKEN,
      TARGET,
      FIELD_LINES,
      SPLITS,
      (method, target, lines, splits) => {
        fc.pre(method !== "CONNECT");
        const fieldLines = [["Host", "a"] as const, ...lines];
        const { messages, end } = readRequests(
          encodeLatin1(writeRequestHead(method, target, fieldLines)),
          splits,
        );
        const startLine = [method, target, "1.1"];
        const framing = { kind: "none" } as const;
        assertEquals([...messages], [{ startLine, fieldLines, framing, content: "" }]);
        assertEquals(end, "incomplete");
      },
    );
    fc.assert(property, options);
  },

  "a response head that is written is read back": (options) => {
    const statusCode = fc.integer({ min: 200, max: 999 });
    const property = fc.property(statusCode, FIELD_LINES, SPLITS, (statusCode, lines, splits) => {
      const fieldLines = [["Content-Length", "0"] as const, ...lines];
      const [message] =
        readResponses(encodeLatin1(writeResponseHead(statusCode, fieldSection(fieldLines))), splits)
          .messages;
      assertEquals([message?.startLine[1], message?.fieldLines], [`${statusCode}`, fieldLines]);
    });
    fc.assert(property, options);
  },

  "chunks that are written are read back": (options) => {
    const property = fc.property(CHUNKS, SPLITS, (chunks, splits) => {
      const head = encodeLatin1(
        writeResponseHead(200, fieldSection([["Transfer-Encoding", "chunked"]])),
      );
      const bytes = concatenated([head, ...chunks.map(writeChunk), LAST_CHUNK]);
      const { messages: [message], end } = readResponses(bytes, splits);
      const content = concatenated(chunks);
      assertEquals(message?.content, decodeLatin1(content, 0, content.length));
      assertEquals(end, "incomplete");
    });
    fc.assert(property, options);
  },

  "any bytes get a verdict, the same however they are split": (options) => {
    const property = fc.property(BYTES, SPLITS, (bytes, splits) => {
      assertEquals(readRequests(bytes, splits), readRequests(bytes));
      assertEquals(readResponses(bytes, splits), readResponses(bytes));
    });
    fc.assert(property, options);
  },

  "a PROXY header gets a verdict, the same however it is split, and gives an address or none": (
    options,
  ) => {
    const property = fc.property(PROXY_HEADER, (raw) => {
      const outcome = feed(() => readProxyHeader, raw);
      if (outcome.verdict !== "accepted") return;
      const { value: { source }, consumed } = outcome;
      assert(consumed <= raw.length);
      if (source !== undefined) assertEquals(canonicalAddress(source), source);
    });
    fc.assert(property, options);
  },

  "no bytes in a field value make a second line": (options) => {
    const property = fc.property(BYTES, (bytes) => {
      const value = decodeLatin1(bytes, 0, bytes.length).replaceAll("\r\n", "");
      const { messages } = readRequests(
        encodeLatin1(`GET / HTTP/1.1\r\nHost: a\r\nX: ${value}\r\n\r\n`),
      );
      assertEquals(messages[0]?.fieldLines.length ?? 2, 2);
    });
    fc.assert(property, options);
  },
};

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
