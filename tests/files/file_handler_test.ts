import { createHash } from "node:crypto";
import type { Reply } from "../../lib/net/handler.ts";
import { assert, assertEquals } from "@std/assert";
import { CACHE_CONTROL, type FileValues } from "../../lib/files/file_server.ts";
import { openFileServer } from "../../lib/files/pages.ts";
import { contentOf, fieldOf, requestFor } from "../support/replies.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const DEFAULTS: FileValues = {
  listing: false,
  etag: "time",
  "cache-control": undefined,
  fallback: undefined,
};

/** A reply to a request that names a tag waits longer for a digest. */
const PATIENT = 'If-None-Match: "x"\r\n';

async function handlerOf(root: TemporaryDirectory, values: Partial<FileValues> = {}) {
  const files = await openFileServer(root.path, { ...DEFAULTS, ...values });
  return async (target: string, fields = ""): Promise<Reply> => {
    const reply = await files.reply(requestFor(target, fields));
    await contentOf(reply);
    return reply;
  };
}

Deno.test("openFileServer() adds Cache-Control to files", async () => {
  await using root = await TemporaryDirectory.with({ "a": "abc", "d/b": "" });
  const ask = await handlerOf(root, { listing: true, "cache-control": "no-cache" });
  const tag = fieldOf(await ask("/a"), "ETag");
  const rows = [
    ["/a", "", 200, true],
    ["/a", "Range: bytes=0-0\r\n", 206, true],
    ["/a", `If-None-Match: ${tag}\r\n`, 304, true],
    ["/a", "Range: bytes=9-\r\n", 416, false],
    ["/a", 'If-Match: "x"\r\n', 412, false],
    ["/d/", "", 200, false],
    ["/d", "", 301, false],
    ["/none", "", 404, false],
    ["/%", "", 400, false],
    ["/test.bin", "", 200, false],
    ["/test.bin?bytes=x", "", 400, false],
  ] as const;
  for (const [target, fields, statusCode, isCached] of rows) {
    const reply = await ask(target, fields);
    assertEquals(reply.statusCode, statusCode, target);
    assertEquals(fieldOf(reply, "Cache-Control"), isCached ? "no-cache" : undefined, target);
  }
});

Deno.test("openFileServer() has a test file where there is none, in any size", async () => {
  await using root = await TemporaryDirectory.with();
  const ask = await handlerOf(root);
  const sizeOf = async (target: string) => ((await ask(target)).content as Uint8Array).length;
  assertEquals(await sizeOf("/test.bin"), 1_048_576);
  assertEquals(await sizeOf("/test.bin?bytes=5"), 5);
  await root.write("test.bin", "mine");
  for (const query of ["", "?bytes=5", "?bytes=x"]) {
    assertEquals(await sizeOf(`/test.bin${query}`), 4, "the real one has one size");
  }
});

Deno.test("openFileServer() says with the test file, and with no other, how busy the server is", async () => {
  await using root = await TemporaryDirectory.with({ "a": "abc", "d/test.bin": "other" });
  let openTransfers = 0;
  const load = () => ({
    openTransfers: ++openTransfers,
    pendingBytes: 5,
    bytesPerSecond: 7,
    utilization: 1,
  });
  const files = await openFileServer(root.path, DEFAULTS, load);
  const ask = async (target: string, fields = "", method = "GET") => {
    const reply = await files.reply(requestFor(target, fields, method));
    await contentOf(reply);
    return [reply.statusCode, fieldOf(reply, "Endpoint-Load-Metrics")] as const;
  };
  let asked = 0;
  for (const isBuiltIn of [true, false]) {
    if (!isBuiltIn) await root.write("test.bin", "mine");
    const rows = [
      ["/test.bin", "", 200],
      ["/test.bin", "", 200], // From memory, where there is one.
      ["/test.bin?bytes=5", "", 200],
      ["//%74est.bin?a", "", 200],
      ["/test.bin", "Range: bytes=0-0\r\n", 206],
      ["/test.bin", "If-None-Match: *\r\n", 304],
      ["/test.bin", "Range: bytes=9999999-\r\n", 416],
      ["/test.bin?bytes=x", "", isBuiltIn ? 400 : 200],
    ] as const;
    for (const method of ["GET", "HEAD"]) {
      for (const [target, fields, statusCode] of rows) {
        // HEAD ignores ranges.
        const expected = method === "HEAD" && fields.startsWith("Range") ? 200 : statusCode;
        assertEquals(await ask(target, fields, method), [
          expected,
          `TEXT named_metrics.open_transfers=${++asked}, named_metrics.pending_bytes=5, ` +
          "named_metrics.bytes_per_second=7, application_utilization=1",
        ]);
      }
    }
  }
  const others = "/ /a /d/test.bin /test.bin/ /Test.bin /a?/test.bin /none /%".split(" ");
  for (const target of others) assertEquals((await ask(target))[1], undefined, target);
  assertEquals(openTransfers, asked);
  assertEquals(
    fieldOf(await (await handlerOf(root))("/test.bin"), "Endpoint-Load-Metrics"),
    undefined,
  );
});

Deno.test("openFileServer() makes the same ETag for copies, by time or by content", async () => {
  const content = "content".padEnd(300_000);
  const files = { small: "content", large: content };
  await using one = await TemporaryDirectory.with(files);
  await using other = await TemporaryDirectory.with(files);
  const [then, later] = [new Date(1e12 + 123), new Date(1e12 + 124)];
  for (const name of Object.keys(files)) {
    const tags = async (etag: "time" | "content") =>
      await Promise.all(
        [one, other].map(async (root) =>
          fieldOf(await (await handlerOf(root, { etag }))(`/${name}`, PATIENT), "ETag")
        ),
      );
    await Deno.utime(one.join(name), then, then);
    await Deno.utime(other.join(name), later, later);
    const [byTime, byTimeLater] = await tags("time");
    assert(byTime !== byTimeLater);
    const [byContent, byContentLater] = await tags("content");
    assert(/^"[0-9a-f]{64}"$/.test(byContent!));
    assertEquals(byContentLater, byContent);
    await Deno.utime(other.join(name), then, then);
    assertEquals(await tags("time"), [byTime, byTime]);
  }
});

/** Fields of requests, the status of their replies, and whether these have a digest. */
const DIGESTED = [
  ["", 200, true],
  ["Range: bytes=1-2\r\n", 206, true],
  ["Range: bytes=1-2,1000-1001\r\n", 206, true],
  ["If-None-Match: *\r\n", 304, true],
  ["If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", 304, true],
  ['Range: bytes=1-2\r\nIf-Range: "x"\r\n', 200, true],
  ["Range: bytes=999999-\r\n", 416, false],
  ['If-Match: "x"\r\n', 412, false],
  ["Want-Repr-Digest: sha-256=10\r\n", 200, true],
  ["Want-Repr-Digest: sha-512=10, md5=3\r\n", 200, true],
  ["Want-Repr-Digest: garbage=\r\n", 200, true],
  ["Want-Repr-Digest: sha-256=0\r\n", 200, false],
  ["Want-Repr-Digest: sha-512=3\r\nWant-Repr-Digest: sha-256=0\r\n", 200, false],
  ["Want-Repr-Digest: sha-256=0\r\nRange: bytes=1-2\r\n", 206, false],
  ["Want-Repr-Digest: sha-256=0\r\nRange: bytes=1-2,1000-1001\r\n", 206, false],
  ["Want-Repr-Digest: sha-256=0\r\nIf-None-Match: *\r\n", 304, false],
] as const;

Deno.test("openFileServer() sends the digest of the whole with --etag=content (RFC 9530 §3)", async () => {
  const contents = { small: "small".padEnd(5000), large: "large".padEnd(300_000) };
  for (const [size, content] of Object.entries(contents)) {
    const files = { [size]: content, [`${size}.gz`]: `coded ${content}`, "empty": "" };
    await using root = await TemporaryDirectory.with(files);
    const modified = new Date(1e12);
    for (const name of Object.keys(files)) await Deno.utime(root.join(name), modified, modified);
    const byContent = await handlerOf(root, { etag: "content" });
    const byTime = await handlerOf(root, { etag: "time" });
    for (const [coding, sent] of [["identity", content], ["gzip", `coded ${content}`]] as const) {
      const digest = createHash("sha256").update(sent).digest("base64");
      await byContent(`/${size}`, `Accept-Encoding: ${coding}\r\n${PATIENT}`);
      for (const [fields, statusCode, isSent] of DIGESTED) {
        const all = `Accept-Encoding: ${coding}\r\n${fields}`;
        const reply = await byContent(`/${size}`, all);
        const expected = isSent ? `sha-256=:${digest}:` : undefined;
        assertEquals(
          [reply.statusCode, fieldOf(reply, "Repr-Digest")],
          [statusCode, expected],
          all,
        );
        const other = await byTime(`/${size}`, all);
        assertEquals(fieldOf(other, "Repr-Digest"), undefined, all);
      }
    }
    const empty = fieldOf(await byContent("/empty"), "Repr-Digest");
    assertEquals(empty, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
    for (const target of ["/", "/none", "/test.bin"]) {
      assertEquals(fieldOf(await byContent(target), "Repr-Digest"), undefined, target);
    }
  }
});

Deno.test("CACHE_CONTROL reads any value in ASCII but none", () => {
  assertEquals(CACHE_CONTROL.parse("public, max-age=60"), "public, max-age=60");
  assertEquals(CACHE_CONTROL.parse(" no-cache "), "no-cache");
  for (const text of ["", " ", "a\r\nb", "é"]) assertEquals(CACHE_CONTROL.parse(text), undefined);
});
