import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { probe, type ProbeOptions } from "../../lib/balancing/probe.ts";
import type { Outcome, ReportedLoad } from "../../lib/balancing/health.ts";
import { type Answer, answering, FakeServer, hanging, saying } from "../support/fake_server.ts";

const LONG_MS = 30_000;

async function probed(answer: Answer, options: Partial<ProbeOptions> = {}): Promise<Outcome> {
  await using server = new FakeServer(answer);
  return await probe(parseServer(server.authority), {
    ...{ requestTarget: "/t", timeoutMs: LONG_MS, minSpeed: 0 },
    ...options,
  });
}

async function failure(answer: Answer, options: Partial<ProbeOptions> = {}): Promise<string> {
  const outcome = await probed(answer, options);
  assert(outcome.kind === "failed", outcome.kind);
  return outcome.reason;
}

Deno.test("probe() passes a server that sends all of its test file, and keeps the ETag", async () => {
  const outcome = await probed(answering("200 OK", "test", 'ETag: "x"'));
  assert(outcome.kind === "passed");
  assertEquals(outcome.sample.bytes, 4);
  assertEquals(outcome.testFile, { bytes: 4, entityTag: '"x"' });
  assertEquals(outcome.sample.isPartial, undefined);
  assert(outcome.sample.elapsedMs > 0 && outcome.sample.elapsedMs < LONG_MS);
});

Deno.test("probe() fails a transfer that is whole but slower than it may be", async () => {
  const whole = answering("200 OK", "test");
  assertMatch(
    await failure(whole, { minSpeed: 1024 ** 4 }),
    /^it sent .*B per second, less than 1 TiB$/,
  );
  assertEquals((await probed(whole, { minSpeed: 1 })).kind, "passed");
});

/** Sends the beginning of a response with content of 9 bytes, and then nothing. */
function stalling(content: string): Answer {
  return async (conn, requestHead) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Length: 9\r\nETag: "x"\r\n\r\n${content}`;
    await conn.write(new TextEncoder().encode(head));
    await hanging(conn, requestHead);
  };
}

Deno.test("probe() passes with what has arrived when the time is over, as a partial measurement", async () => {
  const outcome = await probed(stalling("three"), { timeoutMs: 300 });
  assert(outcome.kind === "passed");
  const { bytes, elapsedMs, isPartial } = outcome.sample;
  assertEquals([bytes, isPartial], [5, true]);
  assert(elapsedMs >= 300);
  assertEquals(outcome.testFile, { bytes: 9, entityTag: '"x"' });
  const slow = await failure(stalling("three"), { timeoutMs: 300, minSpeed: 1000 });
  assertMatch(slow, /^it sent .*B per second, less than 1000 B$/);
});

Deno.test("probe() fails when no content has arrived in time, and says how far it came", async () => {
  const options = { timeoutMs: 300 };
  assertEquals(await failure(hanging, options), "the head did not arrive in time");
  assertEquals(await failure(stalling(""), options), "no content arrived in time");
});

Deno.test("probe() tells apart what was refused, a wrong answer, and what time may explain", async () => {
  const faultOf = async (answer: Answer) => {
    const outcome = await probed(answer, { timeoutMs: 300 });
    return outcome.kind === "failed" ? outcome.fault : outcome.kind;
  };
  assertEquals(await faultOf(answering("404 Not Found", "")), "answer");
  assertEquals(await faultOf(saying("HTTP/2.0 200\r\n\r\n")), "answer");
  assertEquals(await faultOf(answering("200 OK", "")), "answer");
  assertEquals(await faultOf(saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour")), "time");
  assertEquals(await faultOf(hanging), "time");
  const closed = new FakeServer(hanging);
  await closed[Symbol.asyncDispose]();
  const server = parseServer(closed.authority);
  const outcome = await probe(server, { requestTarget: "/t", timeoutMs: LONG_MS, minSpeed: 0 });
  assertEquals(outcome.kind === "failed" && outcome.fault, "refused");
});

Deno.test("probe() asks as clients will: by the Host of the public URL", async () => {
  await using server = new FakeServer(answering("200 OK", "test"));
  const options = { requestTarget: "/t", timeoutMs: LONG_MS, minSpeed: 0 };
  const hosts = [
    "",
    "=http://files.example",
    "=http://files.example:80",
    "=https://f.example:8443/pub",
  ];
  for (const publicUrl of hosts) await probe(parseServer(server.authority + publicUrl), options);
  assertEquals(server.requestHeads.map((head) => /^Host: (.*)\r$/m.exec(head)?.[1]), [
    ...[server.authority, "files.example", "files.example", "f.example:8443"],
  ]);
});

Deno.test("probe() follows no redirect, and says that it is one", async () => {
  for (const status of ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"]) {
    assertEquals(
      await failure(answering(status, "", "Location: /other")),
      `it answered ${status}, which redirects clients once more`,
    );
  }
});

Deno.test("probe() is not impressed by a bomb of a head or a body without end", async () => {
  const fields = Array.from({ length: 5000 }, (_, i) => `X-${i}: ${"x".repeat(100)}\r\n`).join("");
  const bomb = saying(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
  assertMatch(await failure(bomb), /^the answer is not HTTP\/1\.1: /);
  const line = saying(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(1_000_000)}`);
  assertMatch(await failure(line), /^the answer is not HTTP\/1\.1: /);

  const endless = (fieldLine: string): Answer => async (conn) => {
    await saying(`HTTP/1.1 200 OK\r\n${fieldLine}\r\n\r\n`)(conn, "");
    for (;;) await saying(`4000\r\n${"x".repeat(0x4000)}\r\n`)(conn, "");
  };
  assertMatch(await failure(endless("X: y")), /^it gave no length/);
  for (const fieldLine of ["Transfer-Encoding: chunked", "Content-Length: 9007199254740991"]) {
    // Server and probe share a thread here, and keep it busy: content may come too late for it.
    const outcome = await probed(endless(fieldLine), { timeoutMs: 500 });
    if (outcome.kind === "passed") assertEquals(outcome.sample.isPartial, true);
    else assertMatch(outcome.reason, /in time$/);
  }
});

Deno.test("probe() says that a server cannot be tested when the want is ours", async () => {
  const original = Deno.connect;
  const error = Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
  Deno.connect = () => Promise.reject<never>(error);
  try {
    const options = { requestTarget: "/t", timeoutMs: LONG_MS, minSpeed: 0 };
    const outcome = await probe(parseServer("127.0.0.1:1"), options);
    assert(outcome.kind === "untestable");
    assertEquals(outcome.reason, "too many files are open here");
  } finally {
    Deno.connect = original;
  }
});

Deno.test("probe() of an https server wants one that speaks TLS and proves its name", async () => {
  await using plain = new FakeServer(answering("200 OK", "test"));
  const options = { requestTarget: "/t", timeoutMs: 500, minSpeed: 0 };
  const outcome = await probe(parseServer(`https://${plain.authority}`), options);
  assert(outcome.kind === "failed");
  assertEquals(plain.requestHeads, []);
});

Deno.test("probe() passes on what each answer says of the load, before its content", async () => {
  const field = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=";
  const rows: [answer: Answer, openTransfers: number | undefined][] = [
    [answering("200 OK", "test", `${field}3`), 3],
    [saying(`HTTP/1.1 200 OK\r\n${field}4\r\nContent-Length: 9\r\n\r\nfour`), 4],
    [answering("503 Service Unavailable", "", `${field}5`), 5],
    [answering("200 OK", "test"), undefined],
    [answering("200 OK", "test", `${field}3`, "Age: 0"), undefined],
    [answering("200 OK", "test", `${field}-1`), undefined],
    [answering("200 OK", "test", `${field}9223372036854775808`), undefined],
  ];
  for (const [answer, openTransfers] of rows) {
    const before = Date.now();
    const loads: (ReportedLoad | undefined)[] = [];
    await probed(answer, { onLoad: (_, load) => loads.push(load) });
    assertEquals(loads.map((it) => it?.openTransfers), [openTransfers]);
    const at = loads[0]?.at ?? before;
    assert(at >= before && at <= Date.now());
  }
  const none: unknown[] = [];
  await probed(saying("HTTP/2.0 200\r\n\r\n"), { onLoad: (...told) => none.push(told) });
  assertEquals(none, []);
});
