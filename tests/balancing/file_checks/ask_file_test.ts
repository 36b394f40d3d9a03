import { assertEquals } from "@std/assert";
import { FileAsker } from "../../../lib/balancing/file_checks/ask_file.ts";
import { parseServer } from "../../../lib/balancing/list/server.ts";
import { type Answer, FakeServer, hanging, saying } from "../../support/fake_server.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

const LONG_MS = 30_000;

async function ask(answer: Answer, timeoutMs = LONG_MS, isDoubted = false) {
  await using server = new FakeServer(answer);
  const asker = new FileAsker(new VirtualClock().schedule, timeoutMs);
  const found = await asker.ask(parseServer(server.authority), "/a", isDoubted);
  asker.close();
  return found;
}

function heading(...lines: readonly string[]): Answer {
  return saying(`${lines.join("\r\n")}\r\n\r\n`);
}

/** Answers each request on one connection with the next of these texts, then closes. */
function keeping(...texts: readonly string[]): Answer {
  return async (conn) => {
    for (const text of texts) {
      if (text !== texts[0] && await conn.read(new Uint8Array(4096)) === null) return;
      await conn.write(new TextEncoder().encode(text));
    }
  };
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
const MISSING = "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n";

Deno.test("FileAsker.ask() tells size, strong tag, time, digest and software of a file", async () => {
  const answer = await ask(heading(
    "HTTP/1.1 200 OK",
    "Content-Length: 123456",
    'ETag: "abc"',
    "Last-Modified: Thu, 26 Nov 2026 10:00:00 GMT",
    `Repr-Digest: sha-512=:AAAA:, sha-256=:${btoa("x".repeat(32))}:`,
    "Server: nginx/1.26.3",
  ));
  const version = answer.kind === "has" ? answer.version : {};
  assertEquals(version.bytes, 123456);
  assertEquals(version.lastModified, Date.UTC(2026, 10, 26, 10) / 1000);
  assertEquals(version.sha256, "78".repeat(32));
  assertEquals([typeof version.tag, typeof version.software], ["number", "number"]);
});

Deno.test("FileAsker.ask() knows less of a file whose server says less", async () => {
  const nothing = {
    bytes: undefined,
    tag: undefined,
    lastModified: undefined,
    sha256: undefined,
    software: undefined,
  };
  const plain = { ...nothing, bytes: 7 };
  const cases: readonly [string[], unknown][] = [
    [["Content-Length: 7"], plain],
    [["Content-Length: 7", 'ETag: W/"abc"', "Last-Modified: yesterday"], plain],
    [["Content-Length: 7", "Repr-Digest: sha-256=:AAAA:", "ETag: abc"], plain],
    [["Content-Length: 7", "Content-Encoding: gzip"], nothing],
    [["Transfer-Encoding: chunked"], nothing],
    [[], nothing],
  ];
  for (const [lines, version] of cases) {
    assertEquals(
      await ask(heading("HTTP/1.1 200 OK", ...lines)),
      { kind: "has", version } as never,
    );
  }
});

Deno.test("FileAsker.ask() tells what lacks a file from what does not say", async () => {
  for (const status of ["404 Not Found", "410 Gone", "403 Forbidden"]) {
    assertEquals(await ask(heading(`HTTP/1.1 ${status}`)), { kind: "lacks" });
  }
  for (const status of ["500 Error", "503 Busy", "301 Moved", "401 Who", "204 Nothing", "429 No"]) {
    assertEquals(await ask(heading(`HTTP/1.1 ${status}`, "Location: /b")), { kind: "unclear" });
  }
  for (const text of ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 200 OK\r\nX y\r\n\r\n"]) {
    assertEquals(await ask(saying(text)), { kind: "unclear" });
  }
  assertEquals(await ask(saying("")), { kind: "unanswered" });
  assertEquals(await ask(saying("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n")), {
    kind: "unanswered",
  });
  assertEquals(await ask(hanging, 200), { kind: "unanswered" });
});

Deno.test("FileAsker.ask() finds a server that is not there unanswered", async () => {
  const server = new FakeServer(hanging);
  const listed = parseServer(server.authority);
  await server[Symbol.asyncDispose]();
  const asker = new FileAsker(new VirtualClock().schedule);
  assertEquals(await asker.ask(listed, "/a", false), { kind: "unanswered" });
});

Deno.test("FileAsker.ask() asks by HEAD, below the prefix, for the file as it is", async () => {
  await using server = new FakeServer(saying(OK));
  const asker = new FileAsker(new VirtualClock().schedule);
  await asker.ask({ ...parseServer(server.authority), probePrefix: "/pub" }, "/a%20b?c=d", false);
  asker.close();
  const lines = server.requestHeads[0]!.split("\r\n");
  assertEquals(lines.slice(0, 2), [
    "HEAD /pub/a%20b?c=d HTTP/1.1",
    `Host: ${server.authority}`,
  ]);
  assertEquals(lines.includes("Accept-Encoding: identity"), true);
  assertEquals(lines.includes("Want-Repr-Digest: sha-256=10"), true);
});

Deno.test("FileAsker.ask() keeps a connection for the next question, for ten seconds", async () => {
  await using server = new FakeServer(keeping(OK, MISSING, OK));
  const clock = new VirtualClock();
  const asker = new FileAsker(clock.schedule);
  const listed = parseServer(server.authority);
  const kinds = [await asker.ask(listed, "/a", false), await asker.ask(listed, "/b", false)];
  assertEquals([kinds.map(({ kind }) => kind), server.requestHeads.length], [["has", "lacks"], 1]);
  await clock.advance(10_000);
  await asker.ask(listed, "/c", false);
  assertEquals(server.requestHeads.length, 2);
  asker.close();
});

Deno.test("FileAsker.ask() asks anew where the kept connection has ended", async () => {
  await using server = new FakeServer(keeping(OK));
  const asker = new FileAsker(new VirtualClock().schedule);
  const listed = parseServer(server.authority);
  for (let i = 0; i < 3; i++) assertEquals((await asker.ask(listed, "/a", false)).kind, "has");
  assertEquals(server.requestHeads.length, 3);
  asker.close();
});

Deno.test("FileAsker.ask() takes content behind the answer to HEAD for no answer", async () => {
  await using server = new FakeServer(keeping(`${OK}content`, `${OK}content`));
  const asker = new FileAsker(new VirtualClock().schedule);
  const listed = parseServer(server.authority);
  for (let i = 0; i < 3; i++) assertEquals((await asker.ask(listed, "/a", false)).kind, "has");
  asker.close();
});

Deno.test("FileAsker.ask() asks for the first byte where HEAD is refused, or a client doubts", async () => {
  const byMethod: Answer = (conn, head) =>
    saying(
      head.startsWith("HEAD")
        ? "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"
        : "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Range: bytes 0-0/99\r\n\r\nx",
    )(conn, head);
  await using server = new FakeServer(byMethod);
  const asker = new FileAsker(new VirtualClock().schedule);
  const listed = parseServer(server.authority);
  for (let i = 0; i < 2; i++) {
    const answer = await asker.ask(listed, "/a", false);
    assertEquals(answer.kind === "has" && answer.version.bytes, 99);
  }
  const lines = server.requestHeads.map((head) => head.split(" ", 1)[0]);
  assertEquals(lines, ["HEAD", "GET", "GET"]);
  assertEquals(server.requestHeads[2]!.includes("\r\nRange: bytes=0-0\r\n"), true);
  assertEquals((await ask(saying(MISSING), LONG_MS, true)).kind, "lacks");
  asker.close();
});

Deno.test("FileAsker.ask() of an https server wants one that speaks TLS", async () => {
  await using plain = new FakeServer(saying(OK));
  const asker = new FileAsker(new VirtualClock().schedule, 500);
  const answer = await asker.ask(parseServer(`https://${plain.authority}`), "/a", false);
  assertEquals([answer.kind, plain.requestHeads.length], ["unanswered", 0]);
});

Deno.test("FileAsker.ask() takes the word of a server no more whose HEAD says other than GET", async () => {
  let [head, get] = [OK, MISSING];
  await using server = new FakeServer((conn, requestHead) =>
    saying(requestHead.startsWith("HEAD") ? head : get)(conn, requestHead)
  );
  const asker = new FileAsker(new VirtualClock().schedule);
  const listed = parseServer(server.authority);
  const kind = async (isDoubted: boolean) => (await asker.ask(listed, "/a", isDoubted)).kind;
  const methods = () => server.requestHeads.splice(0).map((it) => it.split(" ", 1)[0]).join(" ");
  assertEquals([await kind(false), methods()], ["has", "HEAD"]);
  head = MISSING; // It was removed: both say so.
  assertEquals([await kind(true), methods()], ["lacks", "GET HEAD"]);
  assertEquals([await kind(false), methods()], ["lacks", "HEAD"]);
  head = OK;
  assertEquals([await kind(true), methods()], ["lacks", "GET HEAD"]);
  assertEquals([await kind(false), methods()], ["lacks", "GET"]);
  get = OK;
  assertEquals([await kind(true), methods()], ["has", "GET"]);
  asker.close();
});

Deno.test("FileAsker.ask() asks for the first byte where HEAD does not even find the test file", async () => {
  const refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
  let test = refused;
  await using server = new FakeServer((conn, requestHead) => {
    const [method, target] = requestHead.split(" ", 2);
    const head = target === "/t" ? test : refused;
    return saying(method === "HEAD" ? head : target === "/a" ? OK : MISSING)(conn, requestHead);
  });
  const listed = parseServer(server.authority);
  const rows = [
    [refused, ["has: HEAD /a, HEAD /t, GET /a", "lacks: GET /b", "has: GET /a"]],
    [OK, ["lacks: HEAD /a, HEAD /t", "lacks: HEAD /b", "lacks: HEAD /a"]],
    ["HTTP/1.1 503 Busy\r\n\r\n", [
      "has: HEAD /a, HEAD /t, GET /a",
      "lacks: HEAD /b, HEAD /t, GET /b",
    ]],
  ] as const;
  for (const [answer, expected] of rows) {
    test = answer;
    const asker = new FileAsker(new VirtualClock().schedule, LONG_MS, undefined, "/t");
    const found: string[] = [];
    for (const target of ["/a", "/b", "/a"].slice(0, expected.length)) {
      const { kind } = await asker.ask(listed, target, false);
      const asked = server.requestHeads.splice(0).map((it) => it.split(" ", 2).join(" "));
      found.push(`${kind}: ${asked.join(", ")}`);
    }
    asker.close();
    assertEquals<readonly string[]>(found, expected);
  }
});

Deno.test("FileAsker.ask() passes on what answers say of the load, by HEAD and by GET", async () => {
  const field = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=";
  const rows = [
    [`HTTP/1.1 200 OK\r\nContent-Length: 7\r\n${field}3\r\n\r\n`, false, [3]],
    [`HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n${field}4\r\n\r\n`, false, [4, 4, 4]],
    [`HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n${field}5\r\n\r\na`, true, [5]],
    [OK, false, []],
    [`HTTP/1.1 200 OK\r\nContent-Length: 7\r\n${field}NaN\r\n\r\n`, false, []],
  ] as const;
  for (const [answer, isDoubted, expected] of rows) {
    await using server = new FakeServer(saying(answer));
    const entry = parseServer(server.authority);
    const told: unknown[] = [];
    const asker = new FileAsker(new VirtualClock().schedule, LONG_MS, (server, load) => {
      told.push(server === entry && load?.openTransfers);
    });
    await asker.ask(entry, "/a", isDoubted);
    asker.close();
    assertEquals<unknown[]>(told, [...expected]);
  }
});
