import { assertEquals } from "@std/assert";
import { healthReply } from "../../../lib/balancing/admin/admin.ts";
import type { FarmStatus, ServerStatus } from "../../../lib/balancing/status.ts";
import { farmStatus, out, serverStatus, untested } from "./made_up_farm.ts";

function health(servers: readonly ServerStatus[], more: Partial<FarmStatus> = {}) {
  const { statusCode, content } = healthReply(farmStatus(servers, more));
  return [statusCode, new TextDecoder().decode(content as Uint8Array)];
}

Deno.test("healthReply() is 200 while one server can be picked", () => {
  assertEquals(health([serverStatus()]), [200, "ok\n"]);
  assertEquals(health([out("refused"), untested(), serverStatus({ priority: 2 })]), [200, "ok\n"]);
});

Deno.test("healthReply() is 503 when none can, and says what there is", () => {
  const drained = serverStatus({ isDrained: true });
  const none = "no server is available: ";
  assertEquals(health([out("refused"), out("refused"), untested(), drained]), [
    503,
    `${none}2 out, 1 not yet tested, 1 drained\n`,
  ]);
  assertEquals(health([untested()]), [503, `${none}1 not yet tested\n`]);
  assertEquals(health([]), [503, `${none}the list is empty\n`]);
});

Deno.test("healthReply() is 503 while the balancer stops", () => {
  assertEquals(health([serverStatus()], { isStopping: true }), [503, "the balancer is stopping\n"]);
  assertEquals(health([serverStatus()], { isDraining: true }), [
    503,
    "the balancer is about to stop\n",
  ]);
});

Deno.test("healthReply() is 503 while no process listens, unless there is a better reason", () => {
  const isListening = false;
  assertEquals(health([serverStatus()], { isListening }), [
    503,
    "no process listens for clients\n",
  ]);
  assertEquals(health([untested()], { isListening }), [
    503,
    "no server is available: 1 not yet tested\n",
  ]);
  assertEquals(health([serverStatus()], { isListening, isStopping: true }), [
    503,
    "the balancer is stopping\n",
  ]);
});
