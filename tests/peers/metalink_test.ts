// Metalink documents of balancer.ts before server.ts, nginx and Caddy, as aria2, curl and the XML
// parser of Python read them.

import { assertEquals, assertMatch } from "@std/assert";
import { startCaddy } from "../support/caddy.ts";
import { manyOctets } from "../support/farm.ts";
import { runPeer, startNginx } from "../support/peer.ts";
import type { Finished } from "../support/process.ts";
import {
  freePort,
  listening,
  type ListeningRole,
  listeningRole,
  startRole,
} from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const MIB = 1024 ** 2;
const LARGE = manyOctets(16 * MIB);
const PROBE_FILE = { "test.bin": new Uint8Array(64 * 1024) };

/** A name that URIs and XML each write otherwise. */
const NAME = "grün & 'x' <1>;日本.bin";
const FILES = { ...PROBE_FILE, "large.bin": LARGE, [NAME]: "small" };

/** Slow enough that every server is asked. */
const RATE = "4M";

/** The exit status of aria2c where content is wrong. */
const CHECKSUM_FAILED = 32;

/** Reads a document on standard input, and gives what stands in it as JSON. */
const PARSE = `
import json, sys
from xml.etree import ElementTree
root = ElementTree.parse(sys.stdin.buffer).getroot()
space = "{urn:ietf:params:xml:ns:metalink}"
assert root.tag == space + "metalink"
[file] = root
print(json.dumps({
    "name": file.get("name"),
    "size": file.findtext(space + "size"),
    "hashes": [[it.get("type"), it.text] for it in file.findall(space + "hash")],
    "urls": [[it.get("priority"), it.text] for it in file.findall(space + "url")],
    "others": sorted(set(it.tag for it in file) - {space + it for it in ("size", "hash", "url")}),
}))
`;

interface Document {
  readonly name: string;
  readonly size: string | null;
  readonly hashes: readonly [type: string, digest: string][];
  readonly urls: readonly [priority: string, url: string][];
  readonly others: readonly string[];
}

/** Two of our servers, nginx and Caddy, each at an address of its own, and a balancer. */
class Farm implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    readonly authorities: readonly string[],
    readonly balancer: ListeningRole,
    readonly directory: TemporaryDirectory,
  ) {
    this.#stack = stack;
  }

  /** @param change changes files of the servers, before they start; all were written at a time */
  static async start(
    change: (roots: readonly TemporaryDirectory[], written: Date) => Promise<void> = async () => {},
  ): Promise<Farm> {
    await using stack = new AsyncDisposableStack();
    const roots: TemporaryDirectory[] = [];
    const written = new Date(Date.now() - 60_000);
    for (let i = 0; i < 4; i++) {
      const root = stack.use(await TemporaryDirectory.with(FILES));
      for (const name of await root.names()) await Deno.utime(root.join(name), written, written);
      roots.push(root);
    }
    await change(roots, written);
    // aria2 takes one connection to each host, whatever the ports.
    const authorities: string[] = [];
    for (const [i, { path }] of roots.slice(0, 2).entries()) {
      const args = ["--host=0.0.0.0", "--port=0", "--etag=content", `--limit-rate=${RATE}`, path];
      const { port } = stack.use(await listening(startRole("server", args)));
      authorities.push(`127.0.0.${i + 2}:${port}`);
    }
    const nginx = `127.0.0.4:${freePort()}`;
    stack.use(await startNginx(`root ${roots[2]!.path}; limit_rate ${RATE};`, nginx));
    const caddy = stack.use(await startCaddy(`root * ${roots[3]!.path}\n  file_server`));
    authorities.push(nginx, caddy.authority);
    const args = ["--check-files=after", "--check-timeout=10s", ...authorities];
    const balancer = stack.use(await listeningRole("balancer", args));
    const directory = stack.use(await TemporaryDirectory.with());
    return new Farm(stack.move(), authorities, balancer, directory);
  }

  /** Lets aria2 download by a document. */
  aria2(target: string): Promise<Finished> {
    return runPeer("aria2c", [
      ...["--no-conf", "--file-allocation=none", "--enable-dht=false", "--follow-metalink=mem"],
      ...["--split=4", "--min-split-size=1M", "--max-tries=2", "--retry-wait=1", "--timeout=10"],
      ...["--summary-interval=0", "--log=aria2.log", "--log-level=info"],
      `${this.balancer.origin}${target}`,
    ], { cwd: this.directory.path });
  }

  /** Lets curl ask. */
  async curl(target: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runPeer("curl", [
      ...["--silent", "--show-error", "--max-time", "20", ...args],
      `${this.balancer.origin}${target}`,
    ]);
    assertEquals([code, stderr], [0, ""]);
    return stdout;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

async function parsed(text: string): Promise<Document> {
  const { code, stdout, stderr } = await runPeer("python3", ["-c", PARSE], { stdin: text });
  assertEquals([code, stderr], [0, ""], text);
  return JSON.parse(stdout);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("aria2c downloads by a Metalink document from all servers at once, and verifies", async () => {
  await using farm = await Farm.start();
  const { code, stdout } = await farm.aria2("/large.bin.meta4");
  assertEquals(code, 0, stdout);
  assertEquals(await farm.directory.names(), ["aria2.log", "large.bin"]);
  assertEquals(await farm.directory.read("large.bin"), LARGE);
  const log = new TextDecoder().decode(await farm.directory.read("aria2.log"));
  const asked = log.matchAll(/^GET \/large\.bin HTTP\/1\.1\r\n(?:[^\n]+\n)*?Host: (\S+)/gm);
  assertEquals(
    [...new Set(asked.map(([, authority]) => authority))].toSorted(),
    farm.authorities.toSorted(),
  );
  assertMatch(log, /[Vv]erification finished successfully/);
  // Now that the file is known, redirects name the document.
  assertMatch(
    await farm.curl("/large.bin", "--head"),
    /^Link: <\/large\.bin\.meta4>; rel=describedby; type="application\/metalink4\+xml"\r$/m,
  );
});

Deno.test("curl gets a Metalink document that XML parsers read, whatever the name", async () => {
  await using farm = await Farm.start();
  const target = `/${encodeURIComponent(NAME)}`;
  const accept = ["--header", "Accept: application/metalink4+xml"];
  const documents = [await farm.curl(`${target}.meta4`), await farm.curl(target, ...accept)];
  for (const text of documents) {
    const { name, size, hashes, urls, others } = await parsed(text);
    const digest = await sha256(new TextEncoder().encode("small"));
    assertEquals([name, size, hashes, others], [NAME, "5", [["sha-256", digest]], []]);
    assertEquals(urls.map(([priority]) => priority), ["1", "2", "3", "4"]);
    assertEquals(
      urls.map(([, url]) => url).toSorted(),
      farm.authorities.map((it) => `http://${it}${target}`).toSorted(),
    );
    for (const [, url] of urls) {
      const { stdout } = await runPeer("curl", ["--silent", "--fail", url]);
      assertEquals(stdout, "small", url);
    }
  }
});

Deno.test("a file of the name of a Metalink document goes first", async () => {
  await using farm = await Farm.start(([, , nginx]) => nginx!.write("large.bin.meta4", "a file"));
  assertEquals(await farm.curl("/large.bin.meta4", "--location"), "a file");
  const accept = ["--header", "Accept: application/metalink4+xml"];
  assertEquals((await parsed(await farm.curl("/large.bin", ...accept))).name, "large.bin");
});

Deno.test("a server with another version stands in no Metalink document", async () => {
  const other = LARGE.with(5 * MIB, LARGE[5 * MIB]! ^ 1);
  await using farm = await Farm.start(async ([ours], written) => {
    await ours!.write("large.bin", other);
    const before = new Date(written.getTime() - 60_000);
    await Deno.utime(ours!.join("large.bin"), before, before);
  });
  const { urls, hashes } = await parsed(await farm.curl("/large.bin.meta4"));
  assertEquals(hashes, [["sha-256", await sha256(LARGE)]]);
  assertEquals(
    urls.map(([, url]) => url).toSorted(),
    farm.authorities.slice(1).map((it) => `http://${it}/large.bin`).toSorted(),
  );
});

Deno.test("aria2c finds out wrong content of a server that tells no digest", async () => {
  await using farm = await Farm.start(async ([, , nginx], written) => {
    // Nothing that HEAD tells shows it.
    await nginx!.write("large.bin", LARGE.map((it) => it ^ 1));
    await Deno.utime(nginx!.join("large.bin"), written, written);
  });
  const { urls } = await parsed(await farm.curl("/large.bin.meta4"));
  assertEquals(urls.length, 4);
  const { code, stdout } = await farm.aria2("/large.bin.meta4");
  if (code === 0) {
    // The others were so quick that nginx was not needed.
    assertEquals(await farm.directory.read("large.bin"), LARGE);
  } else {
    assertEquals(code, CHECKSUM_FAILED, stdout);
    assertMatch(stdout, /checksum/i);
    assertEquals(await farm.directory.names(), ["aria2.log", "large.bin", "large.bin.aria2"]);
  }
});
