import { assertEquals } from "@std/assert";
import { Chooser } from "../../../lib/balancing/chooser.ts";
import { FileCatalog } from "../../../lib/balancing/file_checks/file_catalog.ts";
import { FileChecker, type FileDemand } from "../../../lib/balancing/file_checks/file_checker.ts";
import { WorkerDemand } from "../../../lib/balancing/file_checks/file_link.ts";
import { FileRouter } from "../../../lib/balancing/file_checks/file_router.ts";
import type { FileAnswer } from "../../../lib/balancing/file_checks/file_version.ts";
import { POLICIES } from "../../../lib/balancing/policies.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

const [A, B, C] = [1, 2, 3];
const OLD: FileAnswer = { kind: "has", version: { bytes: 6, lastModified: 1 } };
const NEW: FileAnswer = { kind: "has", version: { bytes: 7, lastModified: 2 } };

function catalogOfThree(): FileCatalog {
  const catalog = new FileCatalog({ expiryMs: 600_000, random: Math.random });
  catalog.setServers([A, B, C]);
  return catalog;
}

/** Three clients ask for `/f`: what is known at first, after the old version, and at last. */
async function holdersSeen(
  catalog: FileCatalog,
  demand: FileDemand,
  epochMs: () => number,
  steps: readonly (() => Promise<void>)[],
): Promise<number[][]> {
  const chooser = new Chooser(POLICIES.rank());
  const options = { chooser, catalog, demand, mode: "before", timeoutMs: 1000, epochMs } as const;
  const router = new FileRouter(options);
  const seen: number[][] = [];
  const clients: Promise<void>[] = [];
  const ask = async () => {
    await router.ready("/f");
    const row = router.rowOf("/f")!;
    seen.push([A, B, C].filter((id) => catalog.isHolder(row, id)));
  };
  for (const step of steps) {
    clients.push(ask());
    await step();
  }
  await Promise.all(clients);
  return seen;
}

Deno.test("a client that comes while versions are compared waits for the right one too", async () => {
  const clock = new VirtualClock();
  const catalog = catalogOfThree();
  const checker = new FileChecker({
    catalog,
    ask: async (server) => {
      await new Promise<void>((resolve) => clock.schedule(resolve, server === A ? 5 : 25));
      return server === A ? OLD : NEW;
    },
    rate: 1000,
    isOneEnough: false,
    clock: clock.read,
    epochMs: clock.read,
    schedule: clock.schedule,
    onError: (error) => {
      throw error;
    },
  });
  checker.setServers([A, B, C]);
  const steps = [() => clock.advance(10), () => clock.advance(20), settled];
  const seen = await holdersSeen(catalog, checker, clock.read, steps);
  assertEquals(seen, [[B, C], [B, C], [B, C]]);
  checker.close();
});

Deno.test("a client of a worker waits until its parent has compared versions", async () => {
  const clock = new VirtualClock();
  const catalog = catalogOfThree();
  const { schedule, read: epochMs } = clock;
  const demand = new WorkerDemand(catalog, { epochMs, schedule, report: () => {} });
  const learn = (servers: readonly number[], answer: FileAnswer) => {
    demand.learn({ facts: [{ target: "/f", servers, answer, wanted: 1 }], settled: [] });
    return settled();
  };
  const steps = [() => learn([A], OLD), () => learn([B, C], NEW)];
  let isOver = false;
  const seeing = holdersSeen(catalog, demand, epochMs, steps).finally(() => isOver = true);
  await clock.advance(999);
  assertEquals(isOver, false);
  await clock.advance(1);
  assertEquals(await seeing, [[B, C], [B, C]]);
});
