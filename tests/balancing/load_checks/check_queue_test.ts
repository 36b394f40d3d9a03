import { assert, assertEquals } from "@std/assert";
import { CheckQueue } from "../../../lib/balancing/load_checks/check_queue.ts";
import { seededRandom } from "../../support/random.ts";

/** Checks a second, at most. */
const MOST = 100;

/** Slots of a second. */
const SLOTS = 20;

/** A queue of servers that can all be asked. */
function queueOf(servers: readonly string[], perRedirect: number, seed = 1): CheckQueue {
  const queue = new CheckQueue(perRedirect, seededRandom(seed));
  for (const server of servers) queue.add(server, true);
  return queue;
}

/** How often each server is asked in so many slots; `play` redirects the clients of each. */
function asked(
  queue: CheckQueue,
  slots: number,
  play: (slot: number) => void,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (let slot = 0; slot < slots; slot++) {
    play(slot);
    const servers = queue.next();
    assertEquals(new Set(servers).size, servers.length);
    for (const server of servers) counts.set(server, (counts.get(server) ?? 0) + 1);
  }
  return counts;
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `s${i}`);
}

Deno.test("CheckQueue asks in proportion to redirects, where clients are sent", () => {
  const servers = namesOf(100);
  for (const perRedirect of [0, 0.01, 0.2, 1]) {
    const queue = queueOf(servers, perRedirect);
    // Ten clients a second: never two checks of one server in a slot.
    const counts = asked(queue, 20_000, (slot) => {
      if (slot % 2 === 0) queue.redirected(slot % 20 < 16 ? "s0" : "s1");
    });
    const expected = 10_000 * perRedirect;
    const total = sum(counts);
    // Two checks of a server that fall into one slot are one.
    assert(Math.abs(total - expected) <= 0.1 * expected, `${total} of ${expected}`);
    if (perRedirect === 0) continue;
    const shares = ["s0", "s1"].map((server) => counts.get(server)! / total);
    assert(Math.abs(shares[0]! - 0.64) < 0.06 && Math.abs(shares[1]! - 0.16) < 0.06, `${shares}`);
  }
});

Deno.test("CheckQueue asks all that are sent clients in turn", () => {
  for (const [count, perRedirect] of [[5, 0.2], [2, 0.5], [10, 0.1], [4, 0.25]] as const) {
    const queue = new CheckQueue(perRedirect, seededRandom(2));
    for (const server of namesOf(count)) queue.add(server, false);
    const counts = asked(queue, 40_000, (slot) => queue.redirected(`s${slot % count}`));
    const expected = 40_000 * perRedirect * 4 / 5 / count; // None of them is explored.
    for (const [server, times] of counts) {
      assert(Math.abs(times - expected) < 0.2 * expected, `${server}: ${times} of ${expected}`);
    }
    assertEquals(counts.size, count);
  }
});

Deno.test("CheckQueue asks servers again that get no clients, each before long", () => {
  const queue = queueOf(namesOf(50), 1);
  const counts = asked(queue, 1000, () => queue.redirected("s0"));
  assertEquals(counts.size, 50);
  const others = [...counts].filter(([server]) => server !== "s0").map(([, count]) => count);
  assert(Math.min(...others) >= 2 && Math.max(...others) <= 8, `${others}`);
});

Deno.test("CheckQueue asks a server 20 times a second at most, and all 100 times", () => {
  for (const count of [1, 3, 20, 10_000]) {
    const servers = namesOf(count);
    const queue = queueOf(servers, 1);
    let turn = 0;
    const counts = asked(queue, SLOTS, () => {
      for (let i = 0; i < 1000; i++) queue.redirected(servers[turn++ % count]!);
    });
    assert(Math.max(...counts.values()) <= 20);
    const total = sum(counts);
    assertEquals(total, Math.min(MOST, 20 * count));
  }
});

Deno.test("CheckQueue.counted() spreads over a second what workers report at once", () => {
  const queue = queueOf(["a", "b", "c"], 1);
  queue.counted({ a: 8, b: 4, unknown: 100 });
  const busy = Array.from({ length: SLOTS }, () => queue.next().length);
  const total = busy.reduce((all, count) => all + count, 0);
  assert(total >= 8 && total <= 40, `${total}`);
  assert(busy.filter((count) => count > 0).length >= 5, `${busy}`);
  assertEquals([queue.isEmpty, queue.next()], [true, []]);
});

Deno.test("CheckQueue.counted() is fair to all servers of a report that is too large", () => {
  const servers = namesOf(1000);
  const queue = queueOf(servers, 1);
  const totals = [0, 0];
  for (let second = 0; second < 40; second++) {
    queue.counted(Object.fromEntries(servers.map((server) => [server, 20])));
    for (const [server, count] of asked(queue, SLOTS, () => {})) {
      totals[Number(server.slice(1)) < 500 ? 0 : 1]! += count;
    }
  }
  const [first, second] = totals as [number, number];
  assert(first + second > 25 * MOST && first + second <= 40 * MOST, `${totals}`);
  assert(Math.abs(first - second) < 0.2 * (first + second), `${totals}`);
});

Deno.test("CheckQueue asks none that cannot be asked, or not any more", () => {
  const queue = queueOf([], 1);
  queue.redirected("a");
  queue.counted({ a: 100 });
  queue.explore();
  assertEquals([queue.isEmpty, queue.next()], [true, []]);
  queue.add("a", true);
  queue.add("a", true);
  queue.add("b", true);
  queue.add("reserve", false);
  for (let i = 0; i < 20; i++) queue.redirected("a");
  assertEquals(queue.isEmpty, false);
  queue.delete("a");
  queue.delete("a");
  queue.delete("unknown");
  assert(!queue.next().includes("a"));
  for (let i = 0; i < 20; i++) queue.explore();
  assertEquals(queue.next(), ["b"]);
  for (let i = 0; i < 20; i++) queue.redirected("reserve");
  assert(queue.next().includes("reserve"));
});
