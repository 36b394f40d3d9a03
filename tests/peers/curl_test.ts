import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { type Farm, manyOctets, startFarm } from "../support/farm.ts";
import { fileServer } from "../support/file_server.ts";
import type { Finished } from "../support/process.ts";
import { runPeer } from "../support/peer.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const LARGE = manyOctets(48 * 1024 * 1024);
const FILES = { "page.html": "<!DOCTYPE html><p>page", "empty": "", "large.bin": LARGE };

async function curl(args: readonly string[], directory?: TemporaryDirectory): Promise<Finished> {
  const options = directory === undefined ? {} : { cwd: directory.path };
  const finished = await runPeer("curl", ["--silent", "--show-error", ...args], options);
  assertEquals(finished.code, 0, finished.stderr);
  return finished;
}

/** What curl says of each transfer. */
const wanting = (variables: string) => ["--output", "/dev/null", "--write-out", `${variables}\\n`];

/** The balancer's URL, followed by that of one server. */
function origins({ balancer, servers }: Farm): [string, string] {
  return [balancer.origin, servers[0]!.origin];
}

Deno.test("curl -L gets every file byte for byte through the balancer and straight", async () => {
  await using farm = await startFarm(FILES);
  for (const origin of origins(farm)) {
    await using directory = await TemporaryDirectory.with();
    const urls = Object.keys(FILES).map((name) => `${origin}/${name}`);
    await curl(["--location", "--remote-name-all", ...urls], directory);
    assertEquals(await directory.names(), Object.keys(FILES).sort());
    for (const name of Object.keys(FILES)) {
      assertEquals(await directory.read(name), await farm.root.read(name));
    }
  }
});

Deno.test("curl shows the redirect of the balancer to one of the servers", async () => {
  await using farm = await startFarm(FILES);
  const args = wanting("%{http_code} %{content_type} %{redirect_url}");
  const { stdout } = await curl([...args, `${farm.balancer.origin}/a%2F/b?c`]);
  const [statusCode, ...type] = stdout.trim().split(" ");
  const location = type.pop();
  assertEquals([statusCode, type.join(" ")], ["301", "text/html; charset=utf-8"]);
  assertEquals(farm.servers.map(({ origin }) => `${origin}/a%2F/b?c`).includes(location!), true);
});

Deno.test("curl --head gets no body, and the length that GET would have", async () => {
  await using farm = await startFarm(FILES);
  const { stdout } = await curl(["--head", "--location", `${farm.balancer.origin}/large.bin`]);
  assertMatch(stdout, /^HTTP\/1\.1 301 Moved Permanently\r\n/);
  assertMatch(stdout, /^HTTP\/1\.1 200 OK\r\n/m);
  assertMatch(stdout, new RegExp(`^Content-Length: ${LARGE.length}\r\n`, "m"));
});

Deno.test("curl --http1.0 gets a file through the balancer and straight", async () => {
  await using farm = await startFarm(FILES);
  for (const origin of origins(farm)) {
    const { stdout } = await curl(["--http1.0", "--location", `${origin}/page.html`]);
    assertEquals(stdout, FILES["page.html"]);
  }
});

Deno.test("curl keeps one connection over several URLs", async () => {
  await using farm = await startFarm(FILES);
  for (const origin of origins(farm)) {
    const asked = ["page.html", "empty", "none", "page.html"]
      .flatMap((name) => [...wanting("%{num_connects}"), `${origin}/${name}`]);
    assertEquals((await curl(asked)).stdout, "1\n0\n0\n0\n");
  }
});

Deno.test("curl --parallel gets many files at a time", async () => {
  await using farm = await startFarm(FILES);
  const asked = Array.from({ length: 100 }, (_, i) => i)
    .flatMap((
      i,
    ) => [...wanting("%{http_code} %{size_download}"), `${farm.balancer.origin}/empty?${i}`]);
  const { stdout } = await curl(["--location", "--parallel", "--no-progress-meter", ...asked]);
  assertEquals(stdout, "200 0\n".repeat(100));
});

Deno.test("curl that wants to write is refused with 405, small or large, expecting or not", async () => {
  await using farm = await startFarm({ "large.bin": LARGE.subarray(0, 8 * 1024 * 1024) });
  const large = farm.root.join("large.bin");
  const requests = [
    ["--request", "POST"],
    ["--data", "a=b"],
    ["--data", "a=b", "--header", "Expect: 100-continue"],
    ["--data-binary", `@${large}`, "--header", "Expect:"],
    ["--data-binary", `@${large}`, "--header", "Expect: 100-continue"],
    ["--upload-file", large],
    ["--upload-file", large, "--header", "Expect:"],
    ["--upload-file", large, "--header", "Transfer-Encoding: chunked"],
    ["--request", "DELETE"],
  ];
  for (const origin of origins(farm)) {
    for (const request of requests) {
      const args = [...wanting("%{http_code}"), ...request, `${origin}/page.html`];
      assertEquals((await curl(args)).stdout, "405\n", request.join(" "));
    }
  }
});

Deno.test("curl sees the digest of the whole with a file, a part of it and a compressed sibling", async () => {
  const files = { "a.txt": "plain", "a.txt.gz": "coded" };
  await using server = await fileServer(files, ["--etag=content"]);
  const digestOf = async (...args: string[]) => {
    const printed = ["--silent", "--output", "-", "--write-out", " %header{repr-digest}"];
    return (await curl([...printed, ...args, `${server.role.origin}/a.txt`])).stdout;
  };
  const of = (text: string) => `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
  assertEquals(await digestOf(), `plain ${of("plain")}`);
  assertEquals(await digestOf("--range", "1-2"), `la ${of("plain")}`);
  assertEquals(await digestOf("--header", "Accept-Encoding: gzip"), `coded ${of("coded")}`);
  assertEquals(await digestOf("--header", "Want-Repr-Digest: sha-256=0"), "plain ");
});
