import { assertEquals } from "@std/assert";
import { Chooser } from "../../lib/balancing/chooser.ts";
import { POLICIES, POLICY_NAMES } from "../../lib/balancing/policies.ts";
import { Pool } from "../../lib/balancing/pool.ts";
import {
  applyPoolUpdate,
  PoolPublisher,
  type PoolUpdate,
  readPoolUpdate,
} from "../../lib/balancing/worker_link.ts";
import { asking, serversOf } from "../support/candidates.ts";
import { seededRandom } from "../support/random.ts";
import { failed, passed } from "../support/servers.ts";

/** An update as a worker reads it. */
function received(update: PoolUpdate): PoolUpdate {
  return readPoolUpdate(JSON.parse(JSON.stringify(update)));
}

for (const name of POLICY_NAMES) {
  Deno.test(`PoolPublisher lets a worker choose as its parent would, by ${name}`, async () => {
    const random = seededRandom(7);
    const servers = serversOf(6);
    const [own, worker] = [new Chooser(POLICIES[name]()), new Chooser(POLICIES[name]())];
    let now = 0;
    const soon: (() => void)[] = [];
    const publisher = new PoolPublisher((call) => soon.push(call));
    publisher.subscribe((update) =>
      Promise.resolve(applyPoolUpdate(received(update), worker, now, now))
    );
    const thresholds = { fall: 1, rise: 1 };
    const pool = new Pool(own, { thresholds, observers: [publisher] });
    pool.replace(servers, 0);
    const chosenAlike = async () => {
      for (const call of soon.splice(0)) call();
      for (let i = 0; i < 20; i++) await Promise.resolve();
      for (let i = 0; i < 20; i++) {
        const request = asking({
          monotonicMs: now,
          random: random(),
          client: `${i}`,
          target: `/${i}`,
        });
        assertEquals(worker.pick(request)?.authority, own.pick(request)?.authority);
      }
      now += 100;
    };
    for (let round = 0; round < 10; round++) {
      for (const server of pool.beginRound()) {
        const isDown = round > 0 && random() < 0.2;
        pool.record(server, isDown ? failed("refused") : passed(1 + 99 * random(), 1e6), now);
        await chosenAlike();
      }
      pool.endRound(now);
      await chosenAlike();
    }
  });
}
