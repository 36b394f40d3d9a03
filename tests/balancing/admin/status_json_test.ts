import { assertEquals } from "@std/assert";
import {
  type FarmStatus,
  type ServerStatus,
  type StatusDocument,
  type StatusPart,
  statusPieces,
} from "../../../lib/balancing/status.ts";
import { farmStatus, filesStatus, NOW, out, serverStatus, untested } from "./made_up_farm.ts";

function documentOf(status: FarmStatus): StatusDocument {
  return JSON.parse([...statusPieces(status)].join(""));
}

const AVAILABLE: StatusPart<ServerStatus> = {
  name: "web1:8000",
  publicUrl: "http://web1:8000",
  foundBy: null,
  state: "available",
  reason: null,
  since: "2026-01-02T03:02:00.000Z",
  excludedReason: null,
  share: 0.5,
  throughputBytesPerSecond: 2_500_000,
  partial: false,
  transfers: [
    { at: "2026-01-02T03:03:00.000Z", elapsedMs: 400, bytes: 1_048_576, partial: false },
    { at: "2026-01-02T03:04:00.000Z", elapsedMs: 419.5, bytes: 1_048_576, partial: false },
  ],
  redirects: 12,
  weight: 1,
  priority: 0,
  isDrained: false,
  climb: 1,
  files: null,
  load: {
    ...{ openTransfers: 3, pendingBytes: 4096, bytesPerSecond: 0.333, utilization: null },
    at: "2026-01-02T03:04:01.000Z",
  },
  actions: [],
};

const ACTIONS: StatusPart<ServerStatus>["actions"] = [{
  ...{ action: "weight", weight: 3, reason: "new disk", since: "2026-01-02T03:03:05.000Z" },
  until: null,
}];

Deno.test("statusPieces() has all of the status, under these names", () => {
  const server = out("refused", { name: "[::1]:80", foundBy: "dns:farm.example:80", climb: 0.5 });
  const certificate = { validFrom: NOW - 1000, expiresAt: NOW + 1000 };
  const load = {
    openTransfers: 3,
    pendingBytes: 4096,
    bytesPerSecond: 1 / 3,
    utilization: null,
    at: NOW - 4000,
  };
  const action = { action: "weight", weight: 3, reason: "new disk", until: null } as const;
  const actions = [{ ...action, since: NOW - 60_000 }];
  const farm = farmStatus([serverStatus({ load, actions }), server], { certificate });
  assertEquals(documentOf(farm), {
    at: "2026-01-02T03:04:05.000Z",
    version: "1.2.3",
    startedAt: "2026-01-02T02:04:05.000Z",
    policy: "rank",
    intervalMs: 300_000,
    workers: 1,
    isListening: true,
    isDraining: false,
    isStopping: false,
    certificate: { validFrom: "2026-01-02T03:04:04.000Z", expiresAt: "2026-01-02T03:04:06.000Z" },
    rounds: {
      count: 12,
      isUnderWay: false,
      endedAt: "2026-01-02T03:04:00.000Z",
      elapsedMs: 812.5,
      nextAt: "2026-01-02T03:09:00.000Z",
    },
    redirects: 1234,
    unavailable: 0,
    missing: 0,
    tiers: null,
    files: null,
    loadChecks: null,
    clientsPerSecond: [0, 3, 5],
    actionsTaken: 4,
    changes: [{
      ...{ at: "2026-01-02T03:03:05.000Z", server: "web1:8000", event: "out" },
      text: "is out: refused",
    }],
    dispersion: 1.25,
    servers: [{ ...AVAILABLE, actions: ACTIONS }, {
      ...AVAILABLE,
      name: "[::1]:80",
      publicUrl: "http://[::1]:80",
      foundBy: "dns:farm.example:80",
      state: "out",
      reason: "refused",
      since: "2026-01-02T03:04:00.000Z",
      excludedReason: "out",
      share: 0,
      transfers: [
        { at: "2026-01-02T03:03:00.000Z", elapsedMs: 400, bytes: 1_048_576, partial: false },
        { at: "2026-01-02T03:04:00.000Z", reason: "refused" },
      ],
      climb: 0.5,
      files: null,
      load: null,
    }],
  });
});

Deno.test("statusPieces() has what is known of files, where they are checked", () => {
  const files = { lacking: 2, differing: 3, examples: ['/<script>"\\', "/a.iso"] };
  const status = farmStatus([serverStatus({ files })], { files: filesStatus(), missing: 5 });
  const document = documentOf(status);
  assertEquals(document.servers[0]?.files, files);
  assertEquals([document.files, document.missing], [filesStatus(), 5]);
});

Deno.test("statusPieces() says nothing of an untested server that is not known", () => {
  const [server] = documentOf(farmStatus([untested()])).servers;
  assertEquals(server, {
    ...AVAILABLE,
    state: "untested",
    since: null,
    excludedReason: "untested",
    share: 0,
    throughputBytesPerSecond: null,
    transfers: [],
    redirects: 0,
    load: null,
  });
});

Deno.test("statusPieces() has null for what was not yet", () => {
  const nothing = { endedAt: null, elapsedMs: null, nextAt: null };
  const rounds = { count: 0, isUnderWay: true, ...nothing };
  assertEquals(documentOf(farmStatus([], { rounds })).rounds, {
    count: 0,
    isUnderWay: true,
    endedAt: null,
    elapsedMs: null,
    nextAt: null,
  });
});

Deno.test("statusPieces() has no moment that is none", () => {
  for (const since of [0, -1, NaN, Infinity, 1e300]) {
    assertEquals(documentOf(farmStatus([serverStatus({ since })])).servers[0]?.since, null);
  }
});

Deno.test("statusPieces() rounds numbers", () => {
  const third = { share: 1 / 3, weight: 2 / 3, climb: 1 / 7, throughputBytesPerSecond: 1e6 / 3 };
  const transfers = [{ at: NOW, elapsedMs: 10 / 3, bytes: 7, partial: true }];
  const [server] = documentOf(farmStatus([serverStatus({ ...third, transfers })])).servers;
  const { share, weight, climb, throughputBytesPerSecond: throughput } = server!;
  assertEquals([share, weight, climb, throughput], [0.333333, 0.666667, 0.142857, 333333.333]);
  const at = "2026-01-02T03:04:05.000Z";
  assertEquals(server!.transfers, [{ at, elapsedMs: 3.333, bytes: 7, partial: true }]);
});

Deno.test("statusPieces() has fewer tests of each server in a large farm, the latest", () => {
  const transfers = Array.from(
    { length: 60 },
    (_, test) => ({ at: NOW, elapsedMs: test, bytes: 1, partial: false }),
  );
  const cases = [[1, 60], [166, 60], [200, 50], [1000, 10], [2000, 5], [2500, 5]] as const;
  for (const [count, wanted] of cases) {
    const servers = Array.from({ length: count }, () => serverStatus({ transfers }));
    const document = documentOf(farmStatus(servers));
    assertEquals(document.servers.length, count);
    const latest = document.servers.at(-1)!.transfers;
    assertEquals(latest.map((it) => "elapsedMs" in it && it.elapsedMs).at(-1), 59);
    assertEquals(latest.length, wanted);
  }
});

Deno.test("statusPieces() has servers in pieces of 50, after the time alone", () => {
  for (const [count, wanted] of [[0, 1], [50, 1], [51, 2], [100, 2], [101, 3]] as const) {
    const servers = Array.from({ length: count }, (_, i) => serverStatus({ name: `s${i}:1` }));
    const [time, ...pieces] = statusPieces(farmStatus(servers));
    assertEquals(time, '{"at":"2026-01-02T03:04:05.000Z",');
    assertEquals(pieces.length, wanted);
    const { servers: documents } = documentOf(farmStatus(servers));
    assertEquals(documents.map(({ name }) => name), servers.map(({ name }) => name));
  }
});
