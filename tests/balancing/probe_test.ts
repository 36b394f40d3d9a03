import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { probe, type ProbeOptions } from "../../lib/balancing/probe.ts";
import type { Outcome } from "../../lib/balancing/sample.ts";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { type Answer, answering, FakeServer, hanging, saying } from "../support/fake_server.ts";

const LONG_MS = 30_000;

async function probed(answer: Answer, options: Partial<ProbeOptions> = {}): Promise<Outcome> {
  await using server = new FakeServer(answer);
  return await probe(parseServer(server.authority), {
    ...{ path: "/t", timeoutMs: LONG_MS, minSpeed: 0 },
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
  assertEquals(outcome.entityTag, '"x"');
  assert(outcome.sample.elapsedMs > 0 && outcome.sample.elapsedMs < LONG_MS);
});

Deno.test("probe() fails a whole transfer that took longer than it may, to the millisecond", async () => {
  const whole = answering("200 OK", "test");
  const late: Answer = async (conn, requestHead) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    await whole(conn, requestHead);
  };
  assertEquals(await failure(late, { timeoutMs: 20 }), "the transfer did not end in time");
});

Deno.test("probe() fails a transfer that is whole but slower than it may be", async () => {
  const whole = answering("200 OK", "test");
  assertMatch(
    await failure(whole, { minSpeed: 1024 ** 4 }),
    /^it sent .*B per second, less than 1 TiB$/,
  );
  assertEquals((await probed(whole, { minSpeed: 1 })).kind, "passed");
});

Deno.test("probe() waits half its time for silence to end, and no longer", async () => {
  const start = performance.now();
  assertEquals(await failure(hanging, { timeoutMs: 1000 }), "the head did not arrive in time");
  const silent: Answer = async (conn, requestHead) => {
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nthree";
    await conn.write(new TextEncoder().encode(head));
    await hanging(conn, requestHead);
  };
  assertEquals(await failure(silent, { timeoutMs: 1000 }), "nothing arrived for too long");
  assertLess(performance.now() - start, 20_000);
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
  const until = { timeoutMs: 500 };
  // Server and probe share a thread here, and keep it busy: any deadline may be seen first.
  for (const fieldLine of ["Transfer-Encoding: chunked", "Content-Length: 9007199254740991"]) {
    assertMatch(await failure(endless(fieldLine), until), /in time$|for too long$/);
  }
});

Deno.test("probe() says that a server cannot be tested when the want is ours", async () => {
  const original = Deno.connect;
  const error = Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
  Deno.connect = () => Promise.reject<never>(error);
  try {
    const options = { path: "/t", timeoutMs: LONG_MS, minSpeed: 0 };
    const outcome = await probe(parseServer("127.0.0.1:1"), options);
    assert(outcome.kind === "untestable");
    assertEquals(outcome.reason, "too many files are open here");
  } finally {
    Deno.connect = original;
  }
});

Deno.test("probe() of an https server wants one that speaks TLS and proves its name", async () => {
  await using plain = new FakeServer(answering("200 OK", "test"));
  const options = { path: "/t", timeoutMs: 500, minSpeed: 0 };
  const outcome = await probe(parseServer(`https://${plain.authority}`), options);
  assert(outcome.kind === "failed");
  assertEquals(plain.requestHeads, []);
});
