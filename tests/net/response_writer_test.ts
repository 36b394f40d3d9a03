import { assert, assertEquals, assertRejects } from "@std/assert";
import { fieldSection, NO_FIELDS } from "../../lib/http/fields.ts";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { Connection, type Socket } from "../../lib/net/connection.ts";
import type { ContentSource, Reply } from "../../lib/net/handler.ts";
import { NetworkError } from "../../lib/net/network_error.ts";
import {
  ContentError,
  endsWithConnection,
  type ReplyContext,
  writeReply,
} from "../../lib/net/response_writer.ts";
import { SEND_BYTES } from "../../lib/net/send_buffer.ts";
import { FakeSocket } from "../support/fake_socket.ts";
import { replyOf } from "../support/raw_reply.ts";
import { textReply } from "../support/serving.ts";

/** A source that gives these pieces; a piece that is an error is thrown. */
class Pieces implements ContentSource {
  closed = 0;
  readonly #pieces: (string | Error)[];

  constructor(readonly length: number | undefined, ...pieces: (string | Error)[]) {
    this.#pieces = pieces;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const piece = this.#pieces.shift();
    if (piece instanceof Error) return Promise.reject(piece);
    if (piece === undefined) return Promise.resolve(null);
    const taken = piece.slice(0, buffer.length);
    buffer.set(encodeLatin1(taken));
    if (taken.length < piece.length) this.#pieces.unshift(piece.slice(taken.length));
    return Promise.resolve(taken.length);
  }

  close(): void {
    this.closed++;
  }
}

const GET: ReplyContext = {
  method: "GET",
  httpVersion: "1.1",
  isPersistent: true,
  epochMs: 784_111_777_000,
  addedFields: undefined,
};

/** What is sent for a reply. */
async function sent(reply: Reply, context: Partial<ReplyContext> = {}) {
  const socket = new FakeSocket();
  const connection = new Connection(socket.conn);
  const written = { contentBytes: 0 };
  let error: unknown;
  try {
    await writeReply(connection, reply, { ...GET, ...context }, written);
  } catch (it) {
    error = it;
  }
  await connection.flush();
  connection.close();
  const text = socket.writes.join("");
  const goesOn = !endsWithConnection(reply, context.httpVersion ?? "1.1");
  return { text, error, persistent: goesOn, ...written };
}

function ok(content: Reply["content"]): Reply {
  return { statusCode: 200, headerSection: fieldSection([["A", "b"]]), content };
}

Deno.test("writeReply() sends Date, the handler's fields and Content-Length", async () => {
  const { text, persistent, contentBytes } = await sent(textReply("hello"));
  const { statusCode, fields, content } = replyOf(text);
  const date = fields.get("date")!;
  assertEquals(date, new Date(date).toUTCString());
  assertEquals([...fields.keys()], ["date", "content-type", "content-length"]);
  assertEquals([statusCode, content, persistent, contentBytes], [200, "hello", true, 5]);
});

Deno.test("writeReply() says Connection where the version's custom is another", async () => {
  const connectionOf = async (context: Partial<ReplyContext>) =>
    replyOf((await sent(textReply(""), context)).text).fields.get("connection");
  assertEquals(await connectionOf({ isPersistent: true }), undefined);
  assertEquals(await connectionOf({ isPersistent: false }), "close");
  assertEquals(await connectionOf({ httpVersion: "1.0", isPersistent: true }), "keep-alive");
  assertEquals(await connectionOf({ httpVersion: "1.0", isPersistent: false }), "close");
});

Deno.test("writeReply() leaves the content out for HEAD, and nothing else", async () => {
  const text = () => encodeLatin1("hello");
  const sources = [text, () => new Pieces(5, "hello"), () => new Pieces(undefined, "a")];
  for (const content of sources) {
    const get = replyOf((await sent(ok(content()))).text);
    const source = content();
    const { text, contentBytes } = await sent(ok(source), { method: "HEAD" });
    const head = replyOf(text, "HEAD");
    assertEquals([...head.fields].slice(1), [...get.fields].slice(1));
    assertEquals(contentBytes, 0);
    if (source instanceof Pieces) assertEquals(source.closed, 1);
  }
});

Deno.test("writeReply() sends a source of known length to its length and no further", async () => {
  const source = new Pieces(100_000, "a".repeat(70_000), "b".repeat(70_000));
  const { text, contentBytes } = await sent(ok(source));
  const { fields, content } = replyOf(text);
  assertEquals(fields.get("content-length"), "100000");
  assert(content === "a".repeat(70_000) + "b".repeat(30_000), "something else was sent");
  assertEquals([contentBytes, source.closed], [100_000, 1]);
  const empty = new Pieces(0);
  assertEquals([replyOf((await sent(ok(empty))).text).content, empty.closed], ["", 1]);
});

Deno.test("writeReply() sends a source of unknown length in chunks on 1.1", async () => {
  for (const pieces of [["hello ", "w", "orld"], ["x".repeat(200_000)], []]) {
    const { text, persistent, contentBytes } = await sent(ok(new Pieces(undefined, ...pieces)));
    const { fields, content } = replyOf(text);
    assertEquals(fields.get("transfer-encoding"), "chunked");
    assertEquals(fields.get("content-length"), undefined);
    assert(content === pieces.join(""), "something else was sent");
    assertEquals({ persistent, contentBytes }, { persistent: true, contentBytes: content.length });
  }
});

Deno.test("writeReply() sends a source of unknown length until close on 1.0", async () => {
  const source = new Pieces(undefined, "hello ", "world");
  const { text, persistent } = await sent(ok(source), { httpVersion: "1.0" });
  const { fields, content } = replyOf(text);
  assertEquals([...fields.keys()], ["date", "a", "connection"]);
  assertEquals(fields.get("connection"), "close");
  assertEquals({ content, persistent }, { content: "hello world", persistent: false });
});

Deno.test("writeReply() sends no framing fields where there is no content", async () => {
  for (const statusCode of [204, 304]) {
    const { text } = await sent({ statusCode, headerSection: NO_FIELDS, content: "" });
    assertEquals([...replyOf(text).fields.keys()], ["date"]);
  }
});

Deno.test("writeReply() throws when the content fails or shrinks", async () => {
  const cause = new Error("the disk is gone");
  for (const [length, end] of [[10, [cause]], [10, []], [undefined, [cause]]] as const) {
    const source = new Pieces(length, "hello", ...end);
    const { error, text, contentBytes } = await sent(ok(source));
    assert(error instanceof ContentError);
    assert(!text.endsWith("0\r\n\r\n"), "the content seems to be whole");
    assertEquals({ contentBytes, closed: source.closed }, { contentBytes: 5, closed: 1 });
  }
});

Deno.test("writeReply() closes the source when the head cannot be sent", async () => {
  const source = new Pieces(1, "a");
  const socket = {
    write: () => Promise.reject(new Deno.errors.BrokenPipe("no one reads")),
    close() {},
  };
  const connection = new Connection(socket as unknown as Socket);
  await connection.write("x".repeat(SEND_BYTES)); // The head does not fit behind it.
  const written = { contentBytes: 0 };
  await assertRejects(
    async () => await writeReply(connection, ok(source), GET, written),
    NetworkError,
  );
  assertEquals([written.contentBytes, source.closed], [0, 1]);
  connection.close();
});

Deno.test("writeReply() waits for nothing where text fits into the buffer", () => {
  const connection = new Connection(new FakeSocket().conn);
  for (const content of ["hello", ""]) {
    const written = { contentBytes: 0 };
    const writing = writeReply(connection, ok(content), GET, written);
    assertEquals([writing, written.contentBytes], [undefined, content.length]);
  }
  connection.close();
});

Deno.test("writeReply() sends text as it sends bytes", async () => {
  for (const length of [0, 5, SEND_BYTES, 100_000]) {
    const text = "x".repeat(length);
    for (const method of ["GET", "HEAD"]) {
      const bytes = await sent(ok(encodeLatin1(text)), { method });
      assertEquals(await sent(ok(text), { method }), bytes, `${method}, ${length} bytes`);
    }
  }
});

Deno.test("writeReply() says in Date when the reply was made", async () => {
  const dateAt = async (epochMs: number) =>
    replyOf((await sent(ok(""), { epochMs })).text).fields.get("date");
  // RFC 9110 §5.6.7 has this date as its example. The third is of the same second as the second.
  for (
    const [at, second] of [[777_000, 37], [778_000, 38], [778_999, 38], [777_999, 37]] as const
  ) {
    assertEquals(await dateAt(784_111_000_000 + at), `Sun, 06 Nov 1994 08:49:${second} GMT`);
  }
});

Deno.test("writeReply() sends what a live source gave before it is read again", async () => {
  for (const isLive of [true, false]) {
    const socket = new FakeSocket();
    const sentBefore: string[] = [];
    class Events extends Pieces {
      readonly isLive = isLive;
      override read(buffer: Uint8Array): Promise<number | null> {
        sentBefore.push(replyOrNothing(socket.writes.join("")));
        return super.read(buffer);
      }
    }
    const connection = new Connection(socket.conn);
    const reply = ok(new Events(undefined, "one", "two"));
    await writeReply(connection, reply, GET, { contentBytes: 0 });
    await connection.flush();
    connection.close();
    const live = ["", "3\r\none\r\n", "3\r\none\r\n3\r\ntwo\r\n"];
    assertEquals(sentBefore, isLive ? live : ["none", "none", "none"]);
    assertEquals(replyOf(socket.writes.join("")).content, "onetwo");
  }
});

/** What was sent behind the head; `none` when not even that was sent. */
function replyOrNothing(text: string): string {
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? "none" : text.slice(end + 4);
}
