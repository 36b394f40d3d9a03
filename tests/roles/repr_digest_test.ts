import { assertEquals, assertMatch } from "@std/assert";
import { answering, FakeServer } from "../support/fake_server.ts";
import { fileServer } from "../support/file_server.ts";
import { runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const CONTENT = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * i) >> 7);
/** Names a tag, so that the reply waits for the digest. */
const PATIENT = 'If-None-Match: "x"\r\n';

async function contentServer() {
  const server = await fileServer({ "file.bin": CONTENT }, ["--etag=content"]);
  const before = new Date(1e12);
  await Deno.utime(server.root.join("file.bin"), before, before);
  return server;
}

Deno.test("server --etag=content tells the digest of a file, and the client checks it", async () => {
  await using server = await contentServer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", CONTENT)).toBase64();
  const digest = `sha-256=:${hash}:`;
  for (const [fields, method] of [[PATIENT, "GET"], ["", "HEAD"], ["Range: bytes=9-\r\n", "GET"]]) {
    const reply = await server.ask("/file.bin", fields, method);
    assertEquals(reply.fields.get("repr-digest"), digest, `${method} ${fields}`);
  }
  const unwanted = await server.ask("/file.bin", "Want-Repr-Digest: sha-256=0\r\n");
  assertEquals([unwanted.statusCode, unwanted.fields.get("repr-digest")], [200, undefined]);

  await using directory = await TemporaryDirectory.with();
  const url = `${server.role.origin}/file.bin`;
  const run = (...args: string[]) => runRole("client", [...args, url], { cwd: directory.path });
  const { code, stderr } = await run();
  assertEquals([code, await directory.read("file.bin")], [0, CONTENT], stderr);
  // With the length and the time of the file, which would do without a digest.
  const { mtime } = await Deno.stat(directory.join("file.bin"));
  await directory.write("file.bin", CONTENT.with(500_000, CONTENT[500_000]! ^ 1));
  await Deno.utime(directory.join("file.bin"), mtime!, mtime!);
  const again = await run("--continue");
  assertEquals([again.code, await directory.read("file.bin")], [0, CONTENT], again.stderr);
  const complete = await run("--continue");
  assertEquals(complete.code, 0);
  assertMatch(complete.stderr, /already complete/);
});

Deno.test("client refuses a file whose bytes are not those of the server's digest", async () => {
  await using server = await contentServer();
  await using corrupting = new FakeServer(async (conn, head) => {
    const { fields, content } = await server.ask(head.split(" ")[1]!, PATIENT);
    const lines = ["ETag", "Repr-Digest"].map((it) => `${it}: ${fields.get(it.toLowerCase())}`);
    const other = String.fromCharCode(content.charCodeAt(500_000) ^ 1);
    const corrupted = content.slice(0, 500_000) + other + content.slice(500_001);
    await answering("200 OK", corrupted, ...lines)(conn, head);
  });
  await using directory = await TemporaryDirectory.with();
  const args = ["--retries=0", `http://${corrupting.authority}/file.bin`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals([code, await directory.names()], [6, []], stderr);
  assertMatch(stderr, /its Repr-Digest promised/);
});
