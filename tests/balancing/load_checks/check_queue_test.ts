import { assert, assertEquals } from "@std/assert";
import { CheckQueue } from "../../../lib/balancing/load_checks/check_queue.ts";
import { seededRandom } from "../../support/random.ts";

/** Checks a second, at most. */
const MOST = 100;

/** Slots of a second. */
const SLOTS = 20;

/** A queue of servers that can all be asked, known by numbers. @param next what the next client gets */
function queueOf(servers: number, perRedirect: number, next?: number): CheckQueue<number> {
  const queue = new CheckQueue({ perRedirect, random: seededRandom(1), next: () => next });
  for (let server = 0; server < servers; server++) queue.add(server);
  return queue;
}

/** How often each server is asked in so many slots; `play` redirects the clients of each. */
function asked(
  queue: CheckQueue<number>,
  slots: number,
  play: (slot: number) => void = () => {},
): Map<number, number> {
  const counts = new Map<number, number>();
  for (let slot = 0; slot < slots; slot++) {
    play(slot);
    const servers = queue.next();
    assertEquals(new Set(servers).size, servers.length);
    for (const server of servers) counts.set(server, (counts.get(server) ?? 0) + 1);
  }
  return counts;
}

function sum(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

Deno.test("CheckQueue asks in proportion to redirects, all servers that clients are sent to", () => {
  for (const perRedirect of [0, 0.01, 0.2, 1]) {
    const queue = queueOf(100, perRedirect);
    const counts = asked(queue, 20_000, (slot) => queue.redirected(slot % 10));
    const expected = 20_000 * perRedirect;
    assert(Math.abs(sum(counts) - expected) <= 0.02 * expected + 1, `${sum(counts)}`);
    assertEquals(counts.size, perRedirect === 0 ? 0 : 10);
    for (const count of counts.values()) {
      assert(count > 0.05 * expected && count < 0.15 * expected, `${count}`);
    }
  }
});

Deno.test("CheckQueue spends what a client earned over about a second, while there is something to learn", () => {
  const queue = queueOf(20, 20);
  for (let server = 0; server < 20; server++) queue.want(server);
  queue.redirected(0);
  assertEquals([queue.isEmpty, queue.next().length <= 1], [false, true]);
  const first = sum(asked(queue, SLOTS)), second = sum(asked(queue, SLOTS));
  assert(first >= 10 && first <= 14 && second >= 2 && second <= 6, `${first}, ${second}`);
  asked(queue, 10 * SLOTS);
  assertEquals(queue.isEmpty, true, "all that was earned is spent");
});

Deno.test("CheckQueue asks what the next client gets, half of the time and not twice in a row", () => {
  const queue = queueOf(20, 1, 3);
  const counts = asked(queue, 1000, () => queue.redirected(7));
  assert(counts.get(3)! > 300 && counts.get(3)! <= 500, `${counts.get(3)}`);
  assert(counts.get(7)! > 300, `${counts.get(7)}`);
  assertEquals(counts.size, 2);
});

Deno.test("CheckQueue asks a server 20 times a second at most, and all 100 times", () => {
  for (const count of [1, 3, 20, 10_000]) {
    const queue = queueOf(count, 1);
    let turn = 0;
    const counts = asked(queue, SLOTS, () => {
      for (let i = 0; i < 1000; i++) queue.redirected(turn++ % count);
    });
    assert(Math.max(...counts.values()) <= 20);
    const most = Math.min(MOST, 20 * count);
    assert(sum(counts) > 0.6 * most && sum(counts) <= most, `${sum(counts)} of ${most}`);
  }
});

Deno.test("CheckQueue asks at random, so that none waits for others", () => {
  const queue = queueOf(1000, 1);
  const halves = [0, 0];
  for (let second = 0; second < 40; second++) {
    for (let server = 0; server < 1000; server++) queue.redirected(server, 20);
    for (const [server, count] of asked(queue, SLOTS)) halves[server < 500 ? 0 : 1]! += count;
  }
  const [first, second] = halves as [number, number];
  assert(first + second > 20 * MOST && first + second <= 40 * MOST, `${halves}`);
  assert(Math.abs(first - second) < 0.1 * (first + second), `${halves}`);
});

Deno.test("CheckQueue asks none that cannot be asked, or not any more", () => {
  const queue = queueOf(0, 1);
  queue.redirected(0, 100);
  queue.wantAny();
  assertEquals([queue.isEmpty, queue.next()], [true, []]);
  for (const server of [0, 0, 1, 2]) queue.add(server);
  for (const server of [0, 1, 7]) queue.redirected(server, 20);
  assertEquals(queue.isEmpty, false);
  for (const server of [0, 0, 7]) queue.delete(server);
  assertEquals([...asked(queue, SLOTS).keys()], [1]);
  for (let i = 0; i < 20; i++) queue.wantAny();
  assertEquals(queue.next().sort(), [1, 2]);
  queue.wantAny();
  for (const server of [1, 2]) queue.delete(server);
  assertEquals([queue.isEmpty, queue.next()], [true, []]);
});
