import type { Reply } from "../../net/handler.ts";
import type { FarmStatus, ServerStatus } from "../status.ts";
import { lineReply } from "./admin_reply.ts";

/** 200 when clients are redirected, else 503 with the reason; for those who watch the balancer. */
export function healthReply(status: FarmStatus): Reply {
  if (status.isStopping) return lineReply(503, "the balancer is stopping");
  if (!status.servers.some(isPickable)) {
    return lineReply(503, `no server is available: ${whatThereIs(status.servers)}`);
  }
  if (!status.isListening) {
    const isStarting = status.rounds.endedAt === undefined;
    const reason = isStarting ? "the first round is under way" : "nobody listens for clients";
    return lineReply(503, reason);
  }
  return lineReply(200, "ok");
}

/** Backups may be picked when they are available: then nobody better is. */
function isPickable({ state, isDrained }: ServerStatus): boolean {
  return state === "available" && !isDrained;
}

function whatThereIs(servers: readonly ServerStatus[]): string {
  const counts = [
    [servers.filter(({ state }) => state === "out").length, "out"],
    [servers.filter(({ state }) => state === "untested").length, "not yet tested"],
    [servers.filter(({ state }) => state === "available").length, "drained"],
  ] as const;
  const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return parts.length > 0 ? parts.join(", ") : "the list is empty";
}
