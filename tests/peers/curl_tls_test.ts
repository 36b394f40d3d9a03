import { assertEquals, assertMatch } from "@std/assert";
import { runPeer } from "../support/peer.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { AUTHORITY, SERVER, tlsOptions } from "../support/tls.ts";

const LARGE = new Uint8Array(16 * 1024 * 1024).map((_, index) => index >> 8);

Deno.test("curl --cacert gets files over HTTPS, whole and in parts, on one connection", async () => {
  await using root = await TemporaryDirectory.with({ "a.txt": "text", "large": LARGE });
  await using server = await listeningRole("server", [...tlsOptions(SERVER), root.path]);
  await using directory = await TemporaryDirectory.with();
  const origin = `https://localhost:${server.port}`;
  const said = "%{http_code} %{http_version} %{num_connects} %{ssl_verify_result}\\n";
  const trusting = ["--silent", "--show-error", "--ipv4", "--cacert", AUTHORITY];
  const { stdout, stderr } = await runPeer("curl", [
    ...[...trusting, "--remote-name-all", "--write-out", said],
    ...[`${origin}/large`, `${origin}/a.txt`],
  ], { cwd: directory.path });
  assertEquals([stdout, stderr], ["200 1.1 1 0\n200 1.1 0 0\n", ""]);
  assertEquals(await directory.read("large"), LARGE);
  assertEquals(new TextDecoder().decode(await directory.read("a.txt")), "text");
});

Deno.test("curl refuses the certificate of an authority that it does not know", async () => {
  await using root = await TemporaryDirectory.with();
  await using server = await listeningRole("server", [...tlsOptions(SERVER), root.path]);
  const args = ["--silent", "--show-error", "--ipv4", `https://localhost:${server.port}/`];
  const { code, stderr } = await runPeer("curl", args);
  assertEquals(code, 60);
  assertMatch(stderr, /certificate/);
  assertMatch(await server.process.stderr.next(/TLS/), /failed to agree on TLS/);
});
