import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import { OVERLAP_BYTES } from "../../../lib/download/output/resume.ts";
import { StreamOutput } from "../../../lib/download/output/output.ts";
import { Verification } from "../../../lib/download/verification.ts";
import { sha256 } from "../../misbehaviour/digest.ts";
import { answer, fetchInto, openFile, sha256Alone } from "../../support/downloading.ts";
import { textOf } from "../../support/feed.ts";
import { RawServer } from "../../support/raw_peer.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

/** Two parts that are longer than what is compared before a joint. */
const HELLO = "hello".repeat(1000);
const WORLD = "world".repeat(1000);
const WHOLE = HELLO + WORLD;
const WHOLE_SHA256 = await sha256(new TextEncoder().encode(WHOLE));
const ETAG = 'ETag: "x"\r\n';
const HALF = answer("200 OK", ETAG, WHOLE).slice(0, -5000);
const REST_FROM = 5000 - OVERLAP_BYTES;
const REST = part(`bytes ${REST_FROM}-9999/10000`, WHOLE.slice(REST_FROM));
const OTHER = answer("200 OK", 'ETag: "y"\r\n', WHOLE.toUpperCase());

/** A 206. */
function part(range: string, text: string, tag = ETAG): string {
  return answer("206 Partial Content", `${tag}Content-Range: ${range}\r\n`, text);
}

/** A server that gives one answer after the other, and remembers what was asked. */
function giving(...answers: readonly string[]) {
  const requests: string[] = [];
  const server = new RawServer(async (peer, index) => {
    requests.push(await peer.receiveUntil("\r\n\r\n"));
    await peer.sendLast(answers[Math.min(index, answers.length - 1)]!);
    await peer.receiveUntilLost();
  });
  return Object.assign(server, { requests, url: `http://127.0.0.1:${server.port}/a` });
}

const rangeIn = (head: string) => /^Range: (.*)\r\nIf-Range: (.*)\r$/m.exec(head)?.slice(1);

/** Downloads over these answers into a file; gives its content and what was said. */
async function resumed(answers: readonly string[], options = {}) {
  await using site = giving(...answers);
  await using directory = await TemporaryDirectory.with();
  const told = await fetchInto(await openFile(directory, site.url), site.url, {
    retries: 5,
    ...options,
  });
  assertEquals(await directory.names(), ["a"]);
  const ranges = site.requests.map(rangeIn);
  return { ...told, content: textOf(await directory.read("a")), ranges };
}

Deno.test("download() asks for the rest of what it has, if it is still the same", async () => {
  const { content, ranges, notices } = await resumed([HALF, REST]);
  assertEquals([content, ranges], [WHOLE, [undefined, [`bytes=${REST_FROM}-`, '"x"']]]);
  assertEquals(notices.at(-1), "going on behind 5000 of 10000 bytes");
});

Deno.test("download() starts over when the content is another, and says so", async () => {
  const { content, notices } = await resumed([HALF, OTHER]);
  assertEquals(content, WHOLE.toUpperCase());
  assertStringIncludes(notices.at(-1)!, "starting over");
});

Deno.test("download() starts over without a strong ETag", async () => {
  for (const tag of ["", 'ETag: W/"x"\r\n']) {
    const whole = answer("200 OK", tag, WHOLE);
    const { content, ranges } = await resumed([whole.slice(0, -5000), whole]);
    assertEquals([content, ranges], [WHOLE, [undefined, undefined]]);
  }
});

Deno.test("download() takes from a 200 of the same content what is missing", async () => {
  const { content, notices } = await resumed([HALF, answer("200 OK", ETAG, WHOLE)]);
  assertEquals(content, WHOLE);
  assertStringIncludes(notices.at(-1)!, "sends all of it again");
});

Deno.test("download() believes no part that is not the one it asked for", async () => {
  const whole = answer("200 OK", ETAG, WHOLE);
  const rest = WHOLE.slice(REST_FROM);
  const right = `bytes ${REST_FROM}-9999/10000`;
  const wrong = [
    part(`bytes ${REST_FROM - 1}-9999/10000`, WHOLE.slice(REST_FROM - 1)),
    part("bytes 5000-9999/10000", WORLD),
    part(`bytes ${REST_FROM}-10000/10001`, `${rest}s`),
    part(right, rest, 'ETag: "y"\r\n'),
    part(right, rest, ""),
    part(right, rest.replace("hello", "HELLO")),
    part(right, HELLO.slice(REST_FROM + 1) + WORLD + "!"),
    answer("206 Partial Content", ETAG, rest),
    answer("416 Range Not Satisfiable", "Content-Range: bytes */3\r\n", ""),
  ];
  for (const page of wrong) {
    const { content, ranges } = await resumed([HALF, page, whole]);
    assertEquals([content, ranges[2]], [WHOLE, undefined], page);
  }
});

Deno.test("download() goes on after as many failures as it takes, while they bring something", async () => {
  const rest = (there: number) => {
    const from = Math.max(0, there - OVERLAP_BYTES);
    return part(`bytes ${from}-9999/10000`, WHOLE.slice(from))
      .slice(0, there < 9000 ? there - 9000 : undefined);
  };
  const answers = [
    HALF.slice(0, -4000),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((it) => rest(it * 1000)),
  ];
  const { content } = await resumed(answers, { retries: 1 });
  assertEquals(content, WHOLE);
});

Deno.test("download() goes on in another run with what the first has left", async () => {
  await using site = giving(HALF, REST);
  await using directory = await TemporaryDirectory.with();
  const first = await openFile(directory, site.url);
  await assertRejects(() => fetchInto(first, site.url), DownloadError);
  assertEquals(await directory.names(), ["a.part", "a.part.json"]);
  const verification = new Verification(sha256Alone(WHOLE_SHA256), false);
  await fetchInto(await openFile(directory, site.url, true), site.url, { verification });
  assertEquals(textOf(await directory.read("a")), WHOLE);
  assertEquals(await directory.names(), ["a"]);
});

Deno.test("download() with a wrong checksum leaves nothing, and what is mixed is fetched anew", async () => {
  await using directory = await TemporaryDirectory.with();
  const wrong = answer("200 OK", ETAG, `J${WHOLE.slice(1)}`);
  await using liar = giving(wrong);
  const once = async () => {
    const verification = new Verification(sha256Alone(WHOLE_SHA256), false);
    await fetchInto(await openFile(directory, liar.url), liar.url, { verification, retries: 5 });
  };
  const { failure } = await assertRejects(once, DownloadError);
  assertEquals([failure, liar.requests.length], ["checksum", 1]);
  assertEquals(await directory.names(), []);
  const verification = new Verification(sha256Alone(WHOLE_SHA256), false);
  const answers = [wrong.slice(0, -5000), REST, answer("200 OK", ETAG, WHOLE)];
  const { content, ranges } = await resumed(answers, { verification });
  assertEquals([content, ranges[2]], [WHOLE, undefined]);
});

Deno.test("download() checks the digests that servers send", async () => {
  const good = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
  for (const field of ["Repr-Digest", "Content-Digest"]) {
    const { content } = await resumed([answer("200 OK", `${field}: ${good}\r\n`, "hello")]);
    assertEquals(content, "hello");
    await using site = giving(answer("200 OK", `${field}: ${good}\r\n`, "jello"));
    await using directory = await TemporaryDirectory.with();
    const output = await openFile(directory, site.url);
    const error = await assertRejects(() => fetchInto(output, site.url), DownloadError, field);
    assertEquals(error.failure, "checksum");
    assertEquals(await directory.names(), []);
  }
});

/** A stream that remembers what was written to it. */
function stream() {
  const texts: string[] = [];
  const write = (bytes: Uint8Array) => {
    texts.push(textOf(bytes));
    return Promise.resolve(bytes.length);
  };
  return { texts, output: new StreamOutput("the stream", { write, close: () => {} }) };
}

Deno.test("download() goes on with a stream, but takes nothing back", async () => {
  await using site = giving(HALF, REST);
  const { texts, output } = stream();
  await fetchInto(output, site.url, { retries: 1 });
  assertEquals(texts.join(""), WHOLE);
  await using changing = giving(HALF, OTHER);
  const other = stream();
  await assertRejects(
    () => fetchInto(other.output, changing.url, { retries: 5 }),
    DownloadError,
    "the content has changed, but the stream has had 5000 bytes of it",
  );
  assertEquals(other.texts.join(""), HELLO);
});

Deno.test("download() leaves a server that is too slow, and keeps what it sent", async () => {
  let clock = 0;
  const answers = [HALF, REST];
  const { content, attempts } = await resumed(answers, {
    minSpeed: 1000,
    timeoutMs: 30_000,
    monotonicMs: () => clock += 40_000,
  });
  assertEquals(content, WHOLE);
  assertEquals(attempts.records[0]!.outcomes[0], "it sent less than 1000 bytes a second");
});
