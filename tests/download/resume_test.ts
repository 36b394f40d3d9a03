import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DownloadError } from "../../lib/download/download_error.ts";
import { StreamOutput } from "../../lib/download/stream_output.ts";
import { Verification } from "../../lib/download/verification.ts";
import { answer, fetchInto, openFile } from "../support/downloading.ts";
import { textOf } from "../support/feed.ts";
import { RawServer } from "../support/raw_peer.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const HELLOWORLD = "936a185caaa266bb9cbe981e9e05cb78cd732b0b3280eb944412bb6f8f8f07af";
const ETAG = 'ETag: "x"\r\n';
const HALF = answer("200 OK", ETAG, "helloworld").slice(0, -5);
const REST = answer("206 Partial Content", `${ETAG}Content-Range: bytes 5-9/10\r\n`, "world");
const OTHER = answer("200 OK", 'ETag: "y"\r\n', "HELLOWORLD");

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
  assertEquals([content, ranges], ["helloworld", [undefined, ["bytes=5-", '"x"']]]);
  assertEquals(notices.at(-1), "going on behind 5 of 10 bytes");
});

Deno.test("download() starts over when the content is another, and says so", async () => {
  const { content, notices } = await resumed([HALF, OTHER]);
  assertEquals(content, "HELLOWORLD");
  assertStringIncludes(notices.at(-1)!, "starting over");
});

Deno.test("download() starts over without a strong ETag", async () => {
  for (const tag of ["", 'ETag: W/"x"\r\n']) {
    const whole = answer("200 OK", tag, "helloworld");
    const { content, ranges } = await resumed([whole.slice(0, -5), whole]);
    assertEquals([content, ranges], ["helloworld", [undefined, undefined]]);
  }
});

Deno.test("download() takes from a 200 of the same content what is missing", async () => {
  const { content, notices } = await resumed([HALF, answer("200 OK", ETAG, "helloworld")]);
  assertEquals(content, "helloworld");
  assertStringIncludes(notices.at(-1)!, "sends all of it again");
});

Deno.test("download() believes no part that is not the one it asked for", async () => {
  const whole = answer("200 OK", ETAG, "helloworld");
  const part = (range: string, text: string, tag = ETAG) =>
    answer("206 Partial Content", `${tag}Content-Range: ${range}\r\n`, text);
  const wrong = [
    part("bytes 4-9/10", "oworld"),
    part("bytes 5-10/11", "worlds"),
    part("bytes 5-9/10", "WORLD", 'ETag: "y"\r\n'),
    part("bytes 5-9/10", "WORLD", ""),
    answer("206 Partial Content", ETAG, "WORLD"),
    answer("416 Range Not Satisfiable", "Content-Range: bytes */3\r\n", ""),
  ];
  for (const page of wrong) {
    const { content, ranges } = await resumed([HALF, page, whole]);
    assertEquals([content, ranges[2]], ["helloworld", undefined], page);
  }
});

Deno.test("download() goes on after as many failures as it takes, while they bring something", async () => {
  const rest = (from: number) =>
    answer(
      "206 Partial Content",
      `${ETAG}Content-Range: bytes ${from}-9/10\r\n`,
      "helloworld".slice(from),
    ).slice(0, from < 9 ? from - 9 : undefined);
  const answers = [HALF.slice(0, -4), ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(rest)];
  const { content } = await resumed(answers, { retries: 1 });
  assertEquals(content, "helloworld");
});

Deno.test("download() goes on in another run with what the first has left", async () => {
  await using site = giving(HALF, REST);
  await using directory = await TemporaryDirectory.with();
  const first = await openFile(directory, site.url);
  await assertRejects(() => fetchInto(first, site.url), DownloadError);
  assertEquals(await directory.names(), ["a.part", "a.part.json"]);
  const verification = new Verification(HELLOWORLD, false);
  await fetchInto(await openFile(directory, site.url, true), site.url, { verification });
  assertEquals(textOf(await directory.read("a")), "helloworld");
  assertEquals(await directory.names(), ["a"]);
});

Deno.test("download() with a wrong checksum leaves nothing, and what is mixed is fetched anew", async () => {
  await using directory = await TemporaryDirectory.with();
  const wrong = answer("200 OK", ETAG, "HelloWorld");
  await using liar = giving(wrong);
  const once = async () => {
    const verification = new Verification(HELLOWORLD, false);
    await fetchInto(await openFile(directory, liar.url), liar.url, { verification, retries: 5 });
  };
  const { failure } = await assertRejects(once, DownloadError);
  assertEquals([failure, liar.requests.length], ["checksum", 1]);
  assertEquals(await directory.names(), []);
  const verification = new Verification(HELLOWORLD, false);
  const answers = [wrong.slice(0, -5), REST, answer("200 OK", ETAG, "helloworld")];
  const { content, ranges } = await resumed(answers, { verification });
  assertEquals([content, ranges[2]], ["helloworld", undefined]);
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
  const write = (octets: Uint8Array) => {
    texts.push(textOf(octets));
    return Promise.resolve(octets.length);
  };
  return { texts, output: new StreamOutput("the stream", { write, close: () => {} }) };
}

Deno.test("download() goes on with a stream, but takes nothing back", async () => {
  await using site = giving(HALF, REST);
  const { texts, output } = stream();
  await fetchInto(output, site.url, { retries: 1 });
  assertEquals(texts.join(""), "helloworld");
  await using changing = giving(HALF, OTHER);
  const other = stream();
  await assertRejects(
    () => fetchInto(other.output, changing.url, { retries: 5 }),
    DownloadError,
    "the content has changed, but the stream has had 5 bytes of it",
  );
  assertEquals(other.texts.join(""), "hello");
});

Deno.test("download() leaves a server that is too slow, and keeps what it sent", async () => {
  let clock = 0;
  const answers = [answer("200 OK", ETAG, "helloworld").slice(0, -5), REST];
  const { content, ledger } = await resumed(answers, {
    minSpeed: 1000,
    timeoutMs: 30_000,
    now: () => clock += 40_000,
  });
  assertEquals(content, "helloworld");
  assertEquals(ledger.records[0]!.outcomes[0], "it sent less than 1000 bytes a second");
});
