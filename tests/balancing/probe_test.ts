import { assert, assertEquals } from "@std/assert";
import { probe } from "../../lib/balancing/probe.ts";
import { parseServer } from "../../lib/balancing/server_list.ts";
import { answering, FakeServer } from "../support/fake_server.ts";

const LONG_MS = 30_000;

Deno.test("probe() passes a server that sends all of its test file", async () => {
  await using farm = new FakeServer(answering("200 OK", "test"));
  const outcome = await probe(parseServer(farm.authority), { path: "/t", timeoutMs: LONG_MS });
  assert(outcome.kind === "passed");
  assertEquals(outcome.sample.bytes, 4);
  assert(outcome.sample.elapsedMs > 0 && outcome.sample.elapsedMs < LONG_MS);
});

Deno.test("probe() fails a whole transfer that took longer than it may, to the millisecond", async () => {
  const whole = answering("200 OK", "test");
  await using farm = new FakeServer(async (conn, requestHead) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    await whole(conn, requestHead);
  });
  const outcome = await probe(parseServer(farm.authority), { path: "/t", timeoutMs: 20 });
  assert(outcome.kind === "failed");
  assertEquals(outcome.reason, "the transfer did not end in time");
});

Deno.test("probe() says that a server cannot be tested when the want is ours", async () => {
  const original = Deno.connect;
  const error = Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
  Deno.connect = () => Promise.reject<never>(error);
  try {
    const outcome = await probe(parseServer("127.0.0.1:1"), { path: "/t", timeoutMs: LONG_MS });
    assert(outcome.kind === "untestable");
    assertEquals(outcome.reason, "too many files are open here");
  } finally {
    Deno.connect = original;
  }
});
