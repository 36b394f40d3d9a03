import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { print } from "../../lib/log/console.ts";
import { readRequests } from "../fuzz/conversation.ts";
import { mutated, REQUESTS } from "../fuzz/mutator.ts";
import { seededRandom } from "../support/random.ts";

const CASES = 100_000;
const SEED = 7;

/** Why we refuse what Node's parser understands, by our message. */
const STRICTER: Readonly<Record<string, string>> = {
  "The Host field does not name one host.": "RFC 9112 §3.2 wants a 400; Node leaves it to others",
  "The Host field is missing.": "RFC 9112 §3.2 wants a 400; Node's parser leaves it to its server",
  "The HTTP version is malformed.": "Node takes a request line without version for HTTP/0.9",
  "Only HTTP/1.0 and HTTP/1.1 are spoken here.": "Node takes HTTP/0.9 and 2.0 too",
  "A line ends in a bare LF, where CR LF is needed.": "Node bears a bare LF",
  "A line holds a control character.": "Node bears controls in quoted strings",
  "A CR stands without its LF.": "Node bears a bare CR before the request line",
  "The method is not a token with one space behind it.": "Node bears SP before the method",
  "The request-target holds what only an encoded one may hold.":
    "Node bears fragments, and several SP in a request line",
  "The request-target has no known form.": "Node does not judge the form of a target",
  "The request-target names no valid host.": "Node does not judge the authority of a target",
  "The target of CONNECT is not a host and a port.": "Node does not judge it as strictly",
  "The expectation cannot be met.": "Node leaves Expect to its server",
  "A chunk extension is malformed.": "Node bears an extension without a value behind its =",
  "A chunk-size line is too long.": "Node has a larger limit for chunk extensions",
  "A chunk-size is too large.": "we refuse more than 16 digits even if they are zeros",
  "The chunk extensions are too large.": "Node has a larger limit for chunk extensions",
  "The header or trailer section is too large.": "Node has no limit of 100 lines",
  "The start line is too long.": "Node has a larger limit",
  "Transfer-Encoding does not end with its only chunked.": "Node passes over an empty coding",
  "Transfer-Encoding is malformed.": "Node looks at the last coding only",
  "The transfer coding is not known here.": "Node looks at the last coding only",
  "HTTP/1.0 has no Transfer-Encoding.": "RFC 9112 §6.1 calls such framing faulty",
};

/** Why we understand what Node's parser refuses, by its error. */
const LAXER: Readonly<Record<string, string>> = {
  HPE_INVALID_METHOD: "an unknown method is read, and answered 501",
  HPE_INVALID_VERSION: "HTTP/1.2 to 1.9 are answered as 1.1 (RFC 9110 §2.5)",
  HPE_INVALID_CONTENT_LENGTH: "HTAB is OWS too (RFC 9110 §5.6.3)",
  HPE_INVALID_CHUNK_SIZE: "white space around the parts of a chunk extension (RFC 9112 §7.1.1)",
  HPE_STRICT: "a quoted-pair in a chunk extension (RFC 9112 §7.1.1)",
  HPE_INVALID_TRANSFER_ENCODING: "empty members of a list are passed over (RFC 9110 §5.6.1.2)",
};

interface NodeRequest {
  readonly target: string;
  readonly content: string;
}

Deno.test("Node's parser understands no request otherwise than we do", async () => {
  const random = seededRandom(SEED);
  const raws = Array.from({ length: CASES }, () => mutated(REQUESTS, random));
  const answers = await nodeAnswers(raws);
  const groups = new Map<string, { count: number; example: string }>();
  for (const [i, raw] of raws.entries()) {
    const name = verdict(raw, answers[i]!);
    const { count = 0, example = raw } = groups.get(name) ?? {};
    const shorter = raw.length < example.length ? raw : example;
    groups.set(name, { count: count + 1, example: shorter });
  }
  const byCount = [...groups].sort(([, a], [, b]) => b.count - a.count);
  for (const [name, { count }] of byCount) print(`${`${count}`.padStart(7)}  ${name}`);
  const unexplained = byCount.filter(([name]) => name.startsWith("UNEXPLAINED"));
  assertEquals(unexplained, []);
});

/** How Node's understanding of a conversation compares with ours. */
function verdict(raw: string, [requests, nodeError]: NodeAnswer): string {
  const { messages, end } = readRequests(encodeLatin1(raw));
  for (const [i, { startLine, content }] of messages.entries()) {
    const request = requests[i];
    if (request === undefined) {
      const why = LAXER[nodeError ?? ""];
      return why ? `only we: ${why}` : `UNEXPLAINED: only we: ${nodeError}`;
    }
    if (request.target === startLine[1] && request.content === content) continue;
    return "UNEXPLAINED: both understand it, and not the same";
  }
  if (requests.length === messages.length) return "the same";
  const message = typeof end === "object" ? end.message : end;
  const why = STRICTER[message];
  return why ? `only Node: ${message} (${why})` : `UNEXPLAINED: only Node: ${message}`;
}

/** What Node understood of one conversation, and the error that ended it. */
type NodeAnswer = readonly [requests: readonly NodeRequest[], error: string | null];

async function nodeAnswers(raws: readonly string[]): Promise<NodeAnswer[]> {
  const script = fromFileUrl(import.meta.resolve("./node_parser.cjs"));
  const node = new Deno.Command("node", {
    args: ["--no-deprecation", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [, { stdout }] = await Promise.all([
    new Blob(raws.map((raw) => `${btoa(raw)}\n`)).stream().pipeTo(node.stdin),
    node.output(),
  ]);
  return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line): NodeAnswer => {
    const requests = JSON.parse(line);
    const error = requests.pop();
    return [requests, error];
  });
}
