import { assertAlmostEquals, assertEquals } from "@std/assert";
import { CostQueue, ServerCosts } from "../../../lib/balancing/policies/cost_queue.ts";
import { randomInteger, seededRandom } from "../../support/random.ts";

/** A server that sends 1 byte per ms, has so many transfers, and has sent them by then. */
interface Costing {
  readonly until: number;
  readonly open: number;
  /** Of one transfer that has a limit of its own, in ms for a byte. */
  readonly transferPace?: number;
  readonly premium?: number;
}

function queueOf(bytes: number, servers: readonly Costing[]) {
  const costs = new ServerCosts();
  const set = (index: number, { until, open, transferPace = 1, premium = 0 }: Costing) =>
    costs.set(index, until, open, 1, transferPace, premium);
  servers.forEach((server, index) => set(index, server));
  const queue = new CostQueue(bytes, costs, servers.length);
  servers.forEach((_, index) => queue.place(index, 0));
  return { queue, set };
}

Deno.test("CostQueue prefers few large transfers for a small file, and little for a large one", () => {
  const servers = [{ until: 1000, open: 1 }, { until: 200, open: 20 }];
  assertEquals(queueOf(10, servers).queue.first(0, undefined), 0);
  assertEquals(queueOf(1000, servers).queue.first(0, undefined), 1);
});

Deno.test("CostQueue lets waiting count more than the time that a transfer takes alone", () => {
  const servers = [{ until: 100, open: 1 }, { until: 0, open: 0, premium: 399 }];
  assertEquals(queueOf(100, servers).queue.first(0, undefined), 1);
  assertEquals(queueOf(100, servers).queue.first(30, undefined), 0);
});

Deno.test("CostQueue lets no transfer wait where each has a limit of its own", () => {
  const servers = [{ until: 400, open: 9, transferPace: 50 }, { until: 300, open: 1 }];
  assertEquals(queueOf(100, servers).queue.first(0, undefined), 1);
  assertEquals(queueOf(20, servers).queue.first(0, undefined), 1);
  assertEquals(queueOf(20, [servers[0]!, { until: 3000, open: 60 }]).queue.first(0, undefined), 0);
});

/** As the queue's description says. */
function costOf(bytes: number, now: number, server: Required<Costing>): number {
  const waits = Math.min(Math.max(0, server.until - now), server.open * bytes);
  return Math.max(bytes * server.transferPace, bytes + 4 * waits) + server.premium;
}

Deno.test("CostQueue finds the server of least cost, whatever clients, reports and time bring", () => {
  const random = seededRandom(19);
  const serverAt = (now: number) => ({
    until: now + randomInteger(random, 3) * randomInteger(random, 100),
    open: randomInteger(random, 4),
    transferPace: 1 + randomInteger(random, 2) * randomInteger(random, 30),
    premium: randomInteger(random, 5),
  });
  for (const bytes of [1, 20, 500]) {
    let now = 0;
    const servers = Array.from({ length: 8 }, () => serverAt(0));
    const { queue, set } = queueOf(bytes, servers);
    for (let step = 0; step < 3000; step++) {
      now += randomInteger(random, 2) * randomInteger(random, 40);
      const excluded = randomInteger(random, 16);
      const isExcluded = excluded < 8 ? (index: number) => index === excluded : undefined;
      const first = queue.first(now, isExcluded);
      const all = servers.map((it) => costOf(bytes, now, it));
      const allowed = all.filter((_, index) => !isExcluded?.(index));
      assertAlmostEquals(all[first]!, Math.min(...allowed), 1e-6);
      // A client comes to it, or some other server says how busy it is.
      const { until, open, ...rest } = servers[first]!;
      const after = Math.max(now, until);
      servers[first] = { ...rest, until: after + bytes, open: (until > now ? open : 0) + 1 };
      set(first, servers[first]!);
      if (randomInteger(random, 3) > 0) continue;
      const reporting = randomInteger(random, 8);
      servers[reporting] = serverAt(now);
      set(reporting, servers[reporting]!);
      queue.place(reporting, now);
    }
  }
});
