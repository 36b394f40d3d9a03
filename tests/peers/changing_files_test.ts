import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { manyOctets } from "../support/farm.ts";
import { fileGrownTo, openedBy } from "../support/file_state.ts";
import { runPeer, startPeer } from "../support/peer.ts";
import { type ListeningRole, listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** More than the system holds between a server and a client that does not read. */
const LARGE = manyOctets(16 * 1024 * 1024);

/** A server of one large file. */
async function served(...args: string[]) {
  await using stack = new AsyncDisposableStack();
  const root = stack.use(await TemporaryDirectory.with({ "large.bin": LARGE }));
  const server = stack.use(await listeningRole("server", [root.path, ...args]));
  const owned = stack.move();
  return { root, server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A client that has read the head of a response, and little behind it. */
class Download implements Disposable {
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(64 * 1024);
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Asks for the large file, and for what is named after it on the same connection. */
  static async begin({ port }: ListeningRole, ...paths: readonly string[]): Promise<Download> {
    const download = new Download(await Deno.connect({ hostname: "127.0.0.1", port }));
    const requests = ["/large.bin", ...paths].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n`);
    await download.#conn.write(encodeLatin1(`${requests.join("\r\n")}Connection: close\r\n\r\n`));
    await download.#read();
    const [head, end] = headOf(download.#pieces[0]!);
    assertStringIncludes(head, `Content-Length: ${LARGE.length}\r\n`);
    download.#pieces[0] = download.#pieces[0]!.slice(end);
    return download;
  }

  /** All that follows the head until the connection has ended, in whatever way. */
  async rest(): Promise<Uint8Array<ArrayBuffer>> {
    try {
      while (await this.#read());
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    return await new Blob(this.#pieces).bytes();
  }

  async #read(): Promise<boolean> {
    const count = await this.#conn.read(this.#buffer);
    if (count !== null) this.#pieces.push(this.#buffer.slice(0, count));
    return count !== null;
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** A head, which arrives in one piece, and where it ends. */
function headOf(octets: Uint8Array): [head: string, end: number] {
  const text = new TextDecoder("latin1").decode(octets);
  const end = text.indexOf("\r\n\r\n") + 4;
  return [text.slice(0, end), end];
}

/** Asserts that this is how the file began; the error does not write all of it down. */
function assertBeginning(content: Uint8Array): void {
  const at = content.findIndex((octet, index) => octet !== LARGE[index]);
  assertEquals(at, -1, `octet ${at} is another one`);
}

/** Asserts that this is all of the file. */
function assertWhole(content: Uint8Array): void {
  assertEquals(content.length, LARGE.length);
  assertBeginning(content);
}

Deno.test("curl that is killed in mid-download leaves no file open at the server", async () => {
  await using serving = await served("--limit-rate=1M");
  const { root, server } = serving;
  const large = root.join("large.bin");
  await using directory = await TemporaryDirectory.with();
  const curls = Array.from(
    { length: 5 },
    (_, index) =>
      startPeer("curl", ["--silent", "--output", `${index}`, `${server.origin}/large.bin`], {
        cwd: directory.path,
      }),
  );
  for (const index of curls.keys()) await fileGrownTo(directory.join(`${index}`), 1);
  await openedBy(large, 5);
  for (const curl of curls.slice(1)) await curl[Symbol.asyncDispose]();
  await openedBy(large, 1);
  // The last one is still being served: it was not the end of the others' files.
  const { size } = await Deno.stat(directory.join("0"));
  await fileGrownTo(directory.join("0"), size + 1);
  await curls[0]![Symbol.asyncDispose]();
  await openedBy(large, 0);
  assertEquals((await runPeer("curl", ["--silent", `${server.origin}/none`])).code, 0);
});

Deno.test("server sends a file to its end that is replaced meanwhile, and then the new one", async () => {
  await using serving = await served();
  const { root, server } = serving;
  using download = await Download.begin(server);
  await root.write("new", "the new one");
  await Deno.rename(root.join("new"), root.join("large.bin"));
  const { stdout } = await runPeer("curl", ["--silent", `${server.origin}/large.bin`]);
  assertEquals(stdout, "the new one");
  assertWhole(await download.rest());
});

Deno.test("server sends a file to its end that is removed meanwhile", async () => {
  await using serving = await served();
  const { root, server } = serving;
  using download = await Download.begin(server);
  await Deno.remove(root.join("large.bin"));
  assertWhole(await download.rest());
});

Deno.test("server sends as much of a file that grows as it has promised", async () => {
  await using serving = await served();
  const { root, server } = serving;
  using download = await Download.begin(server, "/none");
  await Deno.writeFile(root.join("large.bin"), LARGE.subarray(0, 1_000_000), { append: true });
  const received = await download.rest();
  assertWhole(received.subarray(0, LARGE.length));
  assertEquals(headOf(received.subarray(LARGE.length))[0].slice(0, 12), "HTTP/1.1 404");
});

Deno.test("server ends the connection where a file has become shorter, and pads nothing", async () => {
  await using serving = await served();
  const { root, server } = serving;
  using download = await Download.begin(server);
  const left = LARGE.length - 1_000_000;
  await Deno.truncate(root.join("large.bin"), left);
  const content = await download.rest();
  assert(content.length <= left, `${content.length} octets`);
  assertBeginning(content);
  assertEquals((await runPeer("curl", ["--silent", `${server.origin}/none`])).code, 0);
});

Deno.test("curl is told by the end of the connection that a file has become shorter", async () => {
  await using serving = await served("--limit-rate=2M");
  const { root, server } = serving;
  await using directory = await TemporaryDirectory.with();
  await using curl = startPeer(
    "curl",
    ["--silent", "--remote-name", `${server.origin}/large.bin`],
    {
      cwd: directory.path,
    },
  );
  await fileGrownTo(directory.join("large.bin"), 1);
  await Deno.truncate(root.join("large.bin"), 10_000_000);
  assertEquals((await curl.ended).code, 18); // Less came than was promised.
  assert((await directory.read("large.bin")).length <= 10_000_000);
});
