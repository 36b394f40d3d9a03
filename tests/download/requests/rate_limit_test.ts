import { assert, assertEquals } from "@std/assert";
import { RateLimit } from "../../../lib/download/requests/rate_limit.ts";

/** A limit on a clock that only its waits move on. */
function limitOf(rate: number) {
  const clock = { ms: 0 };
  const wait = (ms: number) => {
    clock.ms += ms;
    return Promise.resolve();
  };
  return { clock, limit: new RateLimit(rate, () => clock.ms, wait) };
}

Deno.test("RateLimit keeps all connections together within the rate, and takes no longer", async () => {
  for (const rate of [1, 10, 1000, 100_000, 2 ** 30]) {
    const { clock, limit } = limitOf(rate);
    const pieces = Array.from({ length: 40 }, () => Math.ceil(rate / 10));
    await Promise.all(pieces.map((bytes) => limit.spend(bytes)));
    const total = pieces.reduce((sum, bytes) => sum + bytes, 0);
    const burst = Math.max(1, Math.floor(rate / 10));
    const expectedMs = (total - burst) / rate * 1000;
    const slackMs = 2 * pieces.length + 1000 / rate;
    assert(clock.ms >= expectedMs - 1e-6, `${rate}: ${clock.ms} ms, not ${expectedMs}`);
    assert(clock.ms <= expectedMs + slackMs, `${rate}: ${clock.ms} ms, not ${expectedMs}`);
  }
});

Deno.test("RateLimit lets connections take turns", async () => {
  const { limit } = limitOf(1000);
  const order: string[] = [];
  const connection = async (name: string) => {
    for (let i = 0; i < 3; i++) {
      await limit.spend(200);
      order.push(name);
    }
  };
  await Promise.all([connection("a"), connection("b")]);
  assertEquals(order.join(""), "ababab");
});

Deno.test("RateLimit tells how long it held a connection up", async () => {
  const { clock, limit } = limitOf(1000);
  const paused = await limit.spend(1100);
  assertEquals(paused, clock.ms);
  assert(paused >= 1000 && paused < 1010, `${paused}`);
});

Deno.test("RateLimit has so much read at a time that it stays smooth", () => {
  const pieceBytes = (rate: number) => limitOf(rate).limit.pieceBytes;
  assertEquals([1, 100_000, 2 ** 40].map(pieceBytes), [1024, 2000, 512 * 1024]);
});
