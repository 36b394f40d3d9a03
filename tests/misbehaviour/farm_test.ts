import { assertEquals } from "@std/assert";
import { killMany, tryMany } from "./season.ts";

Deno.test("client ends right, whatever the servers of a farm do", async () => {
  const { failures, servable } = await tryMany({ seed: 20261122, downloads: 60, jobs: 12 });
  assertEquals(failures.join("\n"), "");
  assertEquals(servable, 48);
});

Deno.test("client goes on where one that was killed has stopped", async () => {
  const { failures } = await killMany({ seed: 20261122, kills: 8, jobs: 4 });
  assertEquals(failures.join("\n"), "");
});
