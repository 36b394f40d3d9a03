import { assertEquals } from "@std/assert";
import { print } from "../../../lib/log/console.ts";
import { compare } from "./comparison.ts";
import { accidents, decisionTable, idleDecisions, likenessTable } from "./summary.ts";

Deno.test("server answers as nginx and Caddy do, but for what was decided", async () => {
  const all = await compare(["ours", "nginx", "Caddy"]);
  for (const line of [...likenessTable(all), "", ...decisionTable(all)]) print(line);
  assertEquals(accidents(all), []);
  assertEquals(idleDecisions(all), []);
});
