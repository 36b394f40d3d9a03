import { CHUNKED_BODIES, CHUNKED_REQUEST_HEAD } from "../cases/bodies.ts";
import { HOSTS } from "../cases/hosts.ts";
import { REQUEST_FIELDS } from "../cases/request_fields.ts";
import { REQUEST_FRAMING } from "../cases/request_framing.ts";
import { REQUEST_LINES } from "../cases/request_heads.ts";
import { RESPONSE_HEADS } from "../cases/response_heads.ts";
import { TOLERATED_BODIES, TOLERATED_HEADS } from "../cases/response_tolerances.ts";
import { randomInteger } from "../support/random.ts";

/** Longer rows test limits; mutated they would cost much and show little. */
const LONGEST_ROW = 2000;

/** Messages to begin with. Half of the cases begin with one that is understood. */
export interface Corpus {
  readonly understood: readonly string[];
  readonly others: readonly string[];
}

const NEXT = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

/** The rows of the tables, and a few conversations. */
export const REQUESTS: Corpus = corpus([
  `GET / HTTP/1.1\r\nHost: a\r\n\r\n${NEXT}`,
  `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${NEXT}`,
  `${CHUNKED_REQUEST_HEAD}5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\n${NEXT}`,
], [
  ...[...REQUEST_LINES, ...REQUEST_FIELDS, ...HOSTS],
  ...REQUEST_FRAMING.map((row) => ({ ...row, raw: `${row.raw}hello${NEXT}` })),
  ...CHUNKED_BODIES.map((row) => ({ ...row, raw: `${CHUNKED_REQUEST_HEAD}${row.raw}${NEXT}` })),
]);

const CHUNKED_RESPONSE_HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** The same of responses. */
export const RESPONSES: Corpus = corpus([
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.0 200 OK\r\n\r\nuntil the end",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
], [
  ...RESPONSE_HEADS,
  ...TOLERATED_HEADS,
  ...[...CHUNKED_BODIES, ...TOLERATED_BODIES].map((row) => ({
    ...row,
    raw: `${CHUNKED_RESPONSE_HEAD}${row.raw}`,
  })),
]);

function corpus(
  conversations: readonly string[],
  rows: readonly { verdict: string; raw: string }[],
): Corpus {
  const short = rows.filter(({ raw }) => raw.length <= LONGEST_ROW);
  const rawOf = (wanted: boolean) =>
    short.filter(({ verdict }) => (verdict === "accepted") === wanted).map(({ raw }) => raw);
  return { understood: [...conversations, ...rawOf(true)], others: rawOf(false) };
}

/** What has decided over messages before. */
const PIECES = [
  ...'\r\n\0\t :;,/?#%\\"()<>@[]{}=\x7f\x80\xa0\xff0159afAF+-_.*',
  ..."\r\n|\n|\r|\r\n\r\n|\r\n | \r\n|HTTP/1.1|HTTP/1.0|HTTP/2.0|HTTP/1.2".split("|"),
  ..."GET |POST |HEAD |OPTIONS |CONNECT |*|http://a|//|/../|%2e|%zz".split("|"),
  ..."Content-Length: 5\r\n|Content-Length: 6\r\n|Content-Length: +5\r\n".split("|"),
  "Content-Length:",
  ..."Transfer-Encoding: chunked\r\n|Transfer-Encoding: identity\r\n|chunked|gzip, ".split("|"),
  ..."Host: a\r\n|Connection: close\r\n|Connection: keep-alive\r\n".split("|"),
  ..."Expect: 100-continue\r\n|0\r\n\r\n|5\r\nhello\r\n|0x5".split("|"),
  ..."ffffffffffffffff|9007199254740993|00000000000000000005".split("|"),
];

/** Changes up to three places of one of the messages. */
export function mutated({ understood, others }: Corpus, random: () => number): string {
  const messages = random() < 0.5 ? understood : others;
  let text = messages[randomInteger(random, messages.length)]!;
  const times = randomInteger(random, 4);
  for (let i = 0; i < times; i++) text = mutate(text, messages, random);
  return text;
}

function mutate(text: string, messages: readonly string[], random: () => number): string {
  const at = randomInteger(random, text.length + 1);
  const length = randomInteger(random, Math.min(24, text.length - at + 1));
  const before = text.slice(0, at);
  const some = text.slice(at, at + length);
  const after = text.slice(at + length);
  const piece = PIECES[randomInteger(random, PIECES.length)]!;
  switch (randomInteger(random, 8)) {
    case 0: // Another byte
      return before + String.fromCharCode(randomInteger(random, 256)) + text.slice(at + 1);
    case 1: // Something more
      return before + piece + text.slice(at);
    case 2: // Something else
      return before + piece + after;
    case 3: // Something less
      return before + after;
    case 4: // The same again
      return before + some + some + after;
    case 5: // The other case
      return before + otherCase(some) + after;
    case 6: // A line again, or at another place
      return movedLine(text, random);
    default: { // The end of another message
      const other = messages[randomInteger(random, messages.length)]!;
      return before + other.slice(randomInteger(random, other.length + 1));
    }
  }
}

/** Of ASCII letters: others might not stay one byte. */
function otherCase(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) ^ 0x20));
}

function movedLine(text: string, random: () => number): string {
  const lines = text.split("\r\n");
  const line = lines[randomInteger(random, lines.length)]!;
  lines.splice(randomInteger(random, lines.length + 1), 0, line);
  return lines.join("\r\n");
}

/** A few positions at which bytes may be cut. */
export function randomSplits(length: number, random: () => number): number[] {
  const count = randomInteger(random, 6);
  return Array.from({ length: count }, () => randomInteger(random, length + 1)).sort((a, b) =>
    a - b
  );
}
