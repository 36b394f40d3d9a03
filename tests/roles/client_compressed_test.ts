import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type Answer, byTarget, FakeServer, saying } from "../support/fake_server.ts";
import { fileServer } from "../support/file_server.ts";
import { run } from "../support/process.ts";
import { assertRefused, PROJECT, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const TEXT = "some text of which there is much\n".repeat(20_000);
const PLAIN = new TextEncoder().encode(TEXT);
const GZIP = new Uint8Array(gzipSync(PLAIN)), BR = new Uint8Array(brotliCompressSync(PLAIN));

async function hexOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

const SHA256 = await hexOf(PLAIN);

/** An answer with these bytes as its content, of which it may send less. */
function sending(
  bytes: Uint8Array,
  fieldLines: readonly string[],
  sent = bytes.length,
  status = "200 OK",
): Answer {
  return async (conn) => {
    const head = [`HTTP/1.1 ${status}`, `Content-Length: ${bytes.length}`, ...fieldLines];
    const text = new TextEncoder().encode([...head, "Connection: close", "", ""].join("\r\n"));
    for (const part of [text, bytes.subarray(0, sent)]) {
      for (let at = 0; at < part.length;) at += await conn.write(part.subarray(at));
    }
  };
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const coded = (coding: string) => `Content-Encoding: ${coding}`;

Deno.test("client --compressed saves content decoded, from a file server and through its codings", async () => {
  await using files = await fileServer({ "a.txt": TEXT, "a.txt.gz": GZIP, "a.txt.br": BR });
  await using directory = await TemporaryDirectory.with();
  for (const [options, bytes] of [[["--compressed"], PLAIN.length], [[], PLAIN.length]] as const) {
    const url = `${files.role.origin}/a.txt`;
    const { code, stdout, stderr } = await runRole("client", [...options, "--json", "-v", url], {
      cwd: directory.path,
    });
    assertEquals(code, 0, stderr);
    const told = JSON.parse(stdout);
    assertEquals([told.bytes, told.sha256, told.status], [bytes, SHA256, 0]);
    assertEquals(textOf(await directory.read("a.txt")), TEXT);
    const asked = options.length > 0 ? "gzip, br, zstd" : "identity";
    assertStringIncludes(stderr, `> accept-encoding: ${asked}`.replace("accept-e", "Accept-E"));
    assertEquals(/^< content-encoding: (?:gzip|br)$/im.test(stderr), options.length > 0, stderr);
    assertMatch(stderr, new RegExp(`^saved a.txt: ${bytes} bytes$`, "m"));
    await Deno.remove(directory.join("a.txt"));
  }
});

Deno.test("client --compressed takes codings in one another, digests of what was sent, and content without any", async () => {
  const both = new Uint8Array(brotliCompressSync(GZIP));
  const digest = (await crypto.subtle.digest("SHA-256", both)).slice(0);
  const field = `Repr-Digest: sha-256=:${new Uint8Array(digest).toBase64()}:`;
  const chunked = "Transfer-Encoding: chunked";
  await using server = new FakeServer(byTarget({
    "/both": sending(both, [coded("gzip, br"), field]),
    "/plain": sending(PLAIN, []),
    "/empty": sending(new Uint8Array(gzipSync("")), [coded("x-gzip")]),
    "/nothing": sending(new Uint8Array(), [coded("gzip")]),
    "/none": saying(`HTTP/1.1 200 OK\r\n${chunked}\r\n${coded("br")}\r\n\r\n0\r\n\r\n`),
  }));
  await using directory = await TemporaryDirectory.with();
  const texts = { both: TEXT, plain: TEXT, empty: "", nothing: "", none: "" };
  for (const [name, text] of Object.entries(texts)) {
    const sha256 = `--sha256=${await hexOf(new TextEncoder().encode(text))}`;
    const url = `http://${server.authority}/${name}`;
    const args = ["--compressed", sha256, url];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertEquals(code, 0, stderr);
    assertEquals(textOf(await directory.read(name)), text);
    const stdout = await runRole("client", ["--compressed", "-q", "-o", "-", url]);
    assertEquals([stdout.code, stdout.stdout], [0, text]);
  }
});

Deno.test("client --compressed keeps nothing that is damaged, cut short or of an unknown coding", async (t) => {
  const cut = GZIP.slice(0, -9);
  const rows: readonly (readonly [what: string, Answer, code: number, message: string])[] = [
    ["cut short", sending(cut, [coded("gzip")]), 3, "cannot be decoded as gzip"],
    ["plain", sending(PLAIN, [coded("br")]), 3, "cannot be decoded as br"],
    ["unknown", sending(PLAIN, [coded("x-y")]), 3, "Content-Encoding: x-y, which was not"],
    ["nothing", saying(`HTTP/1.1 200 OK\r\n${coded("gzip")}\r\n\r\n`), 3, "decoded as gzip"],
    ["broken off", sending(GZIP, [coded("gzip")], 999), 3, "closed"],
    ["of another digest", sending(GZIP, [coded("gzip")]), 6, "has the sha-256"],
  ];
  for (const [what, answer, status, message] of rows) {
    await t.step(what, async () => {
      await using server = new FakeServer(answer);
      await using directory = await TemporaryDirectory.with({ "a": "before" });
      const sha256 = what === "of another digest" ? [`--sha256=${"0".repeat(64)}`] : [];
      const args = ["--compressed", "--retries=1", ...sha256, `http://${server.authority}/a`];
      const { code, stderr } = await runRole("client", args, { cwd: directory.path });
      assertEquals(code, status, stderr);
      assertStringIncludes(stderr, message);
      assertEquals(await directory.names(), ["a"]);
      assertEquals(textOf(await directory.read("a")), "before");
    });
  }
});

Deno.test("client --compressed decodes what a server sends as a part that is the whole", async () => {
  const last = GZIP.length - 1;
  const range = `Content-Range: bytes 0-${last}/${GZIP.length}`;
  const answer = sending(GZIP, [coded("gzip"), range], GZIP.length, "206 Partial Content");
  await using server = new FakeServer(answer);
  await using directory = await TemporaryDirectory.with();
  const args = ["--compressed", `http://${server.authority}/a`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertEquals(textOf(await directory.read("a")), TEXT);
});

Deno.test("client --compressed says that what a full disk keeps cannot be gone on with", async () => {
  if (Deno.build.os === "windows") return; // It has no ulimit.
  await using server = new FakeServer(sending(GZIP, [coded("gzip")]));
  await using directory = await TemporaryDirectory.with();
  // A file may have as many blocks of 512 or 1024 bytes.
  const limited = ["-c", 'ulimit -f 100; exec "$@"', "sh"];
  const client = [Deno.execPath(), "run", "-A", join(PROJECT, "client.ts")];
  const { code, stderr } = await run("sh", [
    ...[...limited, ...client, "--compressed", `http://${server.authority}/a`],
  ], { cwd: directory.path });
  assertEquals(code, 4, stderr);
  assertMatch(stderr, /^a\.part is kept, \d+ bytes: it was sent encoded, so it cannot be gone on/m);
});

Deno.test("client saves what is coded though nobody asked as it is", async () => {
  await using server = new FakeServer(sending(GZIP, [coded("gzip")]));
  await using directory = await TemporaryDirectory.with();
  const { code } = await runRole("client", [`http://${server.authority}/a.gz`], {
    cwd: directory.path,
  });
  assertEquals([code, await directory.read("a.gz")], [0, GZIP]);
});

Deno.test("client refuses --compressed beside what needs parts", async () => {
  const refused = (...args: readonly string[]) =>
    runRole("client", ["--compressed", ...args, "http://127.0.0.1:9/a"]);
  assertRefused(await refused("-c"), 2, /--continue does not go with --compressed$/m);
  assertRefused(await refused("--segments=2"), 2, /--segments does not go with --compressed/);
});
