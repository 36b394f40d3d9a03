import { assert, assertEquals, assertGreater } from "@std/assert";
import { killWriters } from "./kills.ts";
import { restartBalancers } from "./restarts.ts";

Deno.test({
  name: "balancer --share-port --state hands clients and counts over to the next one",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const [restarts, clients] = [2, 4];
    const { load, counted } = await restartBalancers(restarts, { clients, isPersistent: false });
    assertGreater(load.answered, 0);
    assertEquals(counted, load.answered);
    // Without net.ipv4.tcp_migrate_req the kernel may reset what arrives as a listener closes.
    assert(load.failures.every((it) => /reset/i.test(it)), load.failures.join("\n"));
    assert(load.failures.length <= restarts * clients, load.failures.join("\n"));
  },
});

Deno.test("a process that is killed while it writes a state leaves a good one", async () => {
  const { failures, states } = await killWriters(4);
  assertEquals(failures.join("\n"), "");
  assertGreater(states, 3);
});
