/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
// Runs an attack in a thread of its own, so that it does not slow down the good client.

import { attacks, type Order, UNIQUE_TARGETS } from "./attacks.ts";

addEventListener("message", async (event: MessageEvent<Order>) => {
  const { name, port, large } = event.data;
  await [...attacks(large), UNIQUE_TARGETS].find((attack) => attack.name === name)!.run(port);
  postMessage("over");
});
