import { assert, assertEquals } from "@std/assert";
import type { Row } from "../cases/case.ts";
import { CHUNKED_BODIES, CHUNKED_REQUEST_HEAD } from "../cases/bodies.ts";
import { HOSTS } from "../cases/hosts.ts";
import { REQUEST_FIELDS } from "../cases/request_fields.ts";
import { REQUEST_FRAMING } from "../cases/request_framing.ts";
import { REQUEST_LINES } from "../cases/request_heads.ts";
import { REQUEST_LIMITS } from "../cases/request_limits.ts";
import { REQUEST_TARGETS } from "../cases/request_targets.ts";
import { checkRows } from "./live_rows.ts";
import { RawPeer } from "./raw_peer.ts";
import { type RawReply, repliesOf, replyOf } from "./raw_reply.ts";

/** Something that answers requests on 127.0.0.1. */
export interface Answering extends AsyncDisposable {
  readonly port: number;
}

/**
 * Whether a reply is a good one to a GET or HEAD that was understood.
 *
 * @param originForm path and query that were asked for, where the row says it
 */
export type IsGood = (reply: RawReply, originForm: string | undefined) => boolean;

/** What is sent behind the head of a row, and what it asks for. */
interface Continuation {
  /** The body that fits it; undefined when it would be too long to be sent. */
  readonly body: string | undefined;
  readonly originForm?: string | undefined;
}

/** Tests that all rows of all tables of requests are answered as they say, over real sockets. */
export function testRequestTables(
  name: string,
  start: () => Promise<Answering>,
  isGood: IsGood,
): void {
  Deno.test(`${name} agrees with the tables of requests`, async (t) => {
    await using target = await start();
    const test = <Value>(
      table: string,
      rows: readonly Row<Value>[],
      continuation: (row: Row<Value>) => Continuation = () => ({ body: "" }),
    ) =>
      t.step(
        `${table} (${rows.length} rows)`,
        () => checkRows(rows, (row) => check(row, continuation(row), target.port, isGood)),
      );
    await test("request lines", REQUEST_LINES);
    await test("request fields", REQUEST_FIELDS);
    await test("limits of requests", REQUEST_LIMITS);
    await test("Host fields", HOSTS);
    await test("request-targets", REQUEST_TARGETS, (row) => ({
      body: "",
      originForm: row.verdict === "accepted" ? row.value.originForm : undefined,
    }));
    await test("request framing", REQUEST_FRAMING, (row) => ({
      body: row.verdict === "accepted" ? row.value.body : "",
    }));
    const chunked = CHUNKED_BODIES.map((row) => ({
      ...row,
      raw: CHUNKED_REQUEST_HEAD + row.raw,
      ...(row.verdict === "accepted" && { answer: 405 }),
    }));
    await test("chunked bodies", chunked);
  });
}

async function check<Value>(
  row: Row<Value>,
  { body, originForm }: Continuation,
  port: number,
  isGood: IsGood,
): Promise<void> {
  const [method = ""] = row.raw.trimStart().split(" ", 1);
  using client = await RawPeer.connect(port);
  if (row.verdict === "refused") {
    // Nothing more is needed, not even the end of what the client sends.
    await client.send(row.raw);
    const { statusCode, fields } = replyOf(await client.receiveAll(), method);
    return assertEquals([statusCode, fields.get("connection")], [row.status, "close"]);
  }
  if (row.verdict === "incomplete") {
    await client.sendLast(row.raw);
    return assertEquals(replyOf(await client.receiveAll(), method).statusCode, 400);
  }
  const behind = "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n";
  await client.sendLast(body === undefined ? row.raw : row.raw + body + behind);
  const all = repliesOf(await client.receiveAll(), [method]);
  const [first, second, ...more] = all.filter(({ statusCode }) => statusCode >= 200);
  if (row.answer !== undefined) assertEquals(first?.statusCode, row.answer);
  else assert(first && isGood(first, originForm), `Not a good reply: ${first?.statusCode}`);
  // Whatever came before, the next request is found where it begins.
  if (first?.fields.get("connection") === "close") return assertEquals(second, undefined);
  assert(second && isGood(second, "/behind"), `Not a good second reply: ${second?.statusCode}`);
  assertEquals(more, []);
}
