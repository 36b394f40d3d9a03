import { assertEquals } from "@std/assert";
import { metricsPieces } from "../../lib/balancing/admin/metrics.ts";
import { serverMetrics } from "../../lib/files/server_admin.ts";
import type { FarmStatus } from "../../lib/balancing/status.ts";
import {
  farmStatus,
  filesStatus,
  out,
  serverStatus,
  untested,
} from "../balancing/admin/made_up_farm.ts";
import { madeUpServer } from "../files/made_up_server.ts";
import { run } from "../support/process.ts";

/** Debian has it in the package `prometheus`. */
const PROMTOOL = "promtool";

async function checkMetrics(status: FarmStatus): Promise<void> {
  await checkText([...metricsPieces(status)].join(""));
}

async function checkText(stdin: string): Promise<void> {
  const { code, stdout, stderr } = await run(PROMTOOL, ["check", "metrics"], { stdin });
  assertEquals([code, stdout, stderr], [0, "", ""]);
}

Deno.test("promtool finds nothing to say of the metrics of a farm in all states", async () => {
  const certificate = { validFrom: 1, expiresAt: 1_800_000_000_000 };
  const servers = [
    serverStatus({ climb: 0.3, weight: 7 }),
    serverStatus({ name: "[2001:db8::1]:8000", isDrained: true }),
    serverStatus({ name: 'a "quoted"\nname\\:1', foundBy: "dns:ü.example:80" }),
    out('it said "no"\n\tand \\ \u2028 left', { name: "out.example:80" }),
    untested({ name: "new.example:80" }),
  ];
  await checkMetrics(
    farmStatus(servers, { unavailable: 3, isListening: false, isStopping: true, certificate }),
  );
});

Deno.test("promtool finds nothing to say of the metrics of files", async () => {
  const files = { lacking: 2, differing: 3, examples: ['/<script>"\\'] };
  const servers = [
    serverStatus({ files }),
    serverStatus({ name: 'a "quoted"\nname\\:1', files }),
    out("refused", { name: "out.example:80" }),
  ];
  await checkMetrics(farmStatus(servers, { files: filesStatus(), missing: 5 }));
  const none = { has: 0, lacks: 0, unclear: 0, unanswered: 0 };
  const nothing = { checks: none, known: 0, lacking: 0, differing: 0 };
  await checkMetrics(farmStatus([untested()], { files: filesStatus(nothing) }));
});

Deno.test("promtool finds nothing to say of the metrics before the first round", async () => {
  const nothing = { endedAt: null, elapsedMs: null, nextAt: null };
  const rounds = { count: 0, isUnderWay: true, ...nothing };
  await checkMetrics(farmStatus([untested()], { rounds, redirects: 0, clientsPerSecond: [] }));
  await checkMetrics(farmStatus([], { rounds }));
});

Deno.test("promtool finds nothing to say of the metrics of a server", async () => {
  await checkText(serverMetrics(madeUpServer()));
  await checkText(serverMetrics(madeUpServer({ responses: {}, descriptors: null })));
});
