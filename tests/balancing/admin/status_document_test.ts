import { assertEquals } from "@std/assert";
import { statusDocument } from "../../../lib/balancing/admin/status_document.ts";
import { farmStatus, NOW, out, serverStatus, untested } from "./made_up_farm.ts";

const AVAILABLE = {
  name: "web1:8000",
  publicUrl: "http://web1:8000",
  foundBy: null,
  state: "available",
  reason: null,
  since: "2026-01-02T03:02:00.000Z",
  share: 0.5,
  throughputBytesPerSecond: 2_500_000,
  transfers: [
    { at: "2026-01-02T03:03:00.000Z", elapsedMs: 400 },
    { at: "2026-01-02T03:04:00.000Z", elapsedMs: 419.5 },
  ],
  redirects: 12,
  weight: 1,
  priority: 0,
  isDrained: false,
  climb: 1,
};

Deno.test("statusDocument() has all of the status, under these names", () => {
  const server = out("refused", { name: "[::1]:80", foundBy: "dns://farm.example:80", climb: 0.5 });
  assertEquals(JSON.parse(JSON.stringify(statusDocument(farmStatus([serverStatus(), server])))), {
    at: "2026-01-02T03:04:05.000Z",
    version: "1.2.3",
    startedAt: "2026-01-02T02:04:05.000Z",
    policy: "rank",
    intervalMs: 300_000,
    workers: 1,
    isStopping: false,
    rounds: {
      count: 12,
      isUnderWay: false,
      endedAt: "2026-01-02T03:04:00.000Z",
      elapsedMs: 812.5,
      nextAt: "2026-01-02T03:09:00.000Z",
    },
    redirects: 1234,
    unavailable: 0,
    clientsPerSecond: [0, 3, 5],
    servers: [AVAILABLE, {
      ...AVAILABLE,
      name: "[::1]:80",
      publicUrl: "http://[::1]:80",
      foundBy: "dns://farm.example:80",
      state: "out",
      reason: "refused",
      since: "2026-01-02T03:04:00.000Z",
      share: 0,
      transfers: [
        { at: "2026-01-02T03:03:00.000Z", elapsedMs: 400 },
        { at: "2026-01-02T03:04:00.000Z", reason: "refused" },
      ],
      climb: 0.5,
    }],
  });
});

Deno.test("statusDocument() says nothing of an untested server that is not known", () => {
  for (const since of [0, NOW]) {
    const [server] = statusDocument(farmStatus([untested({ since })])).servers;
    assertEquals(server, {
      ...AVAILABLE,
      state: "untested",
      since: null,
      share: 0,
      throughputBytesPerSecond: null,
      transfers: [],
      redirects: 0,
    });
  }
});

Deno.test("statusDocument() has null for what was not yet", () => {
  const nothing = { endedAt: undefined, elapsedMs: undefined, nextAt: undefined };
  const rounds = { count: 0, isUnderWay: true, ...nothing };
  assertEquals(statusDocument(farmStatus([], { rounds })).rounds, {
    count: 0,
    isUnderWay: true,
    endedAt: null,
    elapsedMs: null,
    nextAt: null,
  });
});

Deno.test("statusDocument() has no moment that is none", () => {
  for (const since of [0, -1, NaN, Infinity, 1e300]) {
    assertEquals(statusDocument(farmStatus([serverStatus({ since })])).servers[0]?.since, null);
  }
});

Deno.test("statusDocument() has the latest tests when it is to have few", () => {
  const [server] = statusDocument(farmStatus(), 1).servers;
  assertEquals(server?.transfers, AVAILABLE.transfers.slice(1));
});
