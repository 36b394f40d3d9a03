import { assertEquals, assertMatch } from "@std/assert";
import { RawClient } from "../support/raw_client.ts";
import { assertRefused, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { connectTls, EXPIRED, SERVER, tlsOptions, WEAK } from "../support/tls.ts";

const LARGE = new Uint8Array(3 * 1024 * 1024).map((_, index) => index);

Deno.test("server over TLS", async (t) => {
  await using directory = await TemporaryDirectory.with({ "a.txt": "text", "large": LARGE });
  await using server = await listeningRole("server", [...tlsOptions(SERVER), directory.path]);

  await t.step("speaks HTTPS with a certificate, and says so", async () => {
    assertMatch(server.process.stdout.text, /^listening on https:\/\/127\.0\.0\.1:/);
    using client = RawClient.over(await connectTls(server.port));
    for (let i = 0; i < 3; i++) {
      assertEquals(new TextDecoder().decode((await client.get("/a.txt")).body), "text");
    }
    assertEquals((await client.get("/large")).body, LARGE);
  });

  await t.step("sends all before it closes a connection", async () => {
    using client = RawClient.over(await connectTls(server.port));
    await client.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assertEquals((await client.response()).body.length, LARGE.length);
    assertEquals((await client.rest()).length, 0);
    using bad = RawClient.over(await connectTls(server.port));
    await bad.send(`GET / HTTP/1.1\r\n\r\n${"a".repeat(100_000)}`);
    assertEquals((await bad.response()).statusCode, 400);
    assertEquals((await bad.rest()).length, 0);
  });

  await t.step("serves others while clients do not get as far as TLS, and ends", async () => {
    using silent = await RawClient.connect(server.port);
    using plain = await RawClient.connect(server.port);
    await plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assertMatch(
      await server.process.stderr.next(/TLS/),
      /^server: 127\.0\.0\.1 failed to agree on/,
    );
    (await RawClient.connect(server.port))[Symbol.dispose]();
    using half = await RawClient.connect(server.port);
    await half.send("\x16\x03\x01");
    using client = RawClient.over(await connectTls(server.port));
    assertEquals((await client.get("/a.txt")).statusCode, 200);
    assertEquals(server.process.stderr.lines.length, 1);
    server.process.signal("SIGTERM");
    assertEquals((await server.process.ended).code, 0);
    assertEquals((await silent.rest()).length + (await half.rest()).length, 0);
  });
});

Deno.test("server ends with one line when its certificate is of no use", async () => {
  const run = (...options: string[]) => runRole("server", ["--port=0", ...options]);
  const { cert } = SERVER;
  assertRefused(await run(`--tls-cert=${cert}`), 2, /--tls-cert needs --tls-key=FILE/);
  assertRefused(await run(...tlsOptions({ cert, key: EXPIRED.key })), 2, /is not the key of/);
  assertRefused(await run(...tlsOptions(EXPIRED)), 1, /has expired, on 2020-01-02/);
  assertRefused(await run(...tlsOptions(WEAK)), 2, /weak\.key is a key that Deno cannot use/);
  const runWithWorkers = (...options: string[]) =>
    runRole("server", ["--port=0", "--workers=2", ...options], {
      permissions: ["--allow-net", "--allow-read", `--allow-run=${Deno.execPath()}`],
    });
  assertRefused(await runWithWorkers(...tlsOptions(EXPIRED)), 1, /has expired/);
  assertRefused(await runWithWorkers(...tlsOptions(WEAK)), 2, /weak\.key is a key that Deno/);
});
