/**
 * Log events of the servers: every change of a state with its reason and numbers, and the result of
 * every round, in words and as data.
 *
 * @module
 */

import type { LookupProblem } from "./list/dns_cache.ts";
import type { VersionHolders } from "./file_checks/disagreements.ts";
import type { Server } from "./list/server.ts";
import type { UnreadList } from "./list/server_source.ts";
import type { ExcludedReason } from "./member.ts";
import type { Pool, RankedServer, Replacement } from "./pool.ts";
import { RecentChanges } from "./recent_changes.ts";
import { measurementOf, recordOf, type ServerEvent, sizeOf, wordsFor } from "./server_events.ts";

/** What went wrong in a round that is not, or not certainly, a server's fault. */
export type TroubleEvent =
  /** These servers could not be tested, and keep their state. */
  | { readonly kind: "untestable"; readonly reason: string; readonly servers: readonly Server[] }
  /** All available servers have failed, and are tested once more. */
  | { readonly kind: "allFailed"; readonly reason: string; readonly servers: number }
  /** This process was paused for so many ms during a test, which was run again. */
  | { readonly kind: "paused"; readonly pausedMs: number };

/** The result of a round, or of a test of new servers. */
export interface RoundEvent {
  /** The available servers, slowest first. */
  readonly ranking: readonly RankedServer[];
  readonly servers: number;
  /** Duration of the round; undefined if it was a test of new servers. */
  readonly elapsedMs: number | undefined;
}

/** The most servers that one line names. */
const MOST_LISTED = 10;

/** A round in words. */
export function wordsForRound({ ranking, servers }: RoundEvent): string {
  if (ranking.length === 0) return "no server is available";
  const named = ranking.slice(-MOST_LISTED).reverse();
  // Times alone compare only transfers of one size.
  const isOfOneSize = new Set(named.map(({ sample: { bytes } }) => bytes)).size === 1;
  const listed = named.map(({ server, sample, share }) => {
    const size = isOfOneSize ? "" : ` for ${sizeOf(sample)}`;
    const partial = sample.isPartial ? " (partial)" : "";
    const time = `${sample.elapsedMs.toFixed(1)} ms (${(share * 100).toFixed(1)} %)`;
    return `${server.authority} ${time}${size}${partial}`;
  });
  const left = ranking.length - listed.length;
  const more = left > 0 ? `, and ${left} slower ones` : "";
  const missing = servers - ranking.length;
  const out = missing > 0 ? `; ${ranking.length} of ${servers} are available` : "";
  const isOpen = ranking.some(({ share }) => share > 0);
  const none = isOpen ? "" : "; clients are sent to none: all of these are drained";
  return `tested, fastest first: ${listed.join(", ")}${more}${out}${none}`;
}

/** The versions of a file in words: that which clients get first. */
export function wordsForVersions(target: string, versions: readonly VersionHolders[]): string {
  const names = versions.map(({ bytes, lastModified }) => {
    const unit = bytes === 1 ? "byte" : "bytes";
    const size = bytes === undefined ? "unknown size" : `${bytes} ${unit}`;
    return lastModified === undefined ? size : `${size} of ${lastModified}`;
  });
  const described = versions.map(({ servers }, index) => {
    const listed = servers.slice(0, MOST_LISTED).join(", ");
    const more = servers.length > MOST_LISTED ? ` and ${servers.length - MOST_LISTED} more` : "";
    return `${names[index]} at ${listed}${more}`;
  }).join("; ");
  if (versions.length === 1) return `${target} has one version again: ${described}`;
  const isToldApart = new Set(names).size === names.length;
  const rest = isToldApart ? "" : "; what looks the same differs in ETag or digest";
  return `${target} has several versions, and clients get the first: ${described}${rest}`;
}

/** A round as plain data, the fastest servers first. */
export function roundRecordOf({ ranking, servers, elapsedMs }: RoundEvent): object {
  const fastest = ranking.slice(-MOST_LISTED).reverse().map(({ server, sample, share }) => ({
    server: server.authority,
    ...measurementOf(sample),
    share,
  }));
  const counts = { servers, available: ranking.length };
  return elapsedMs === undefined
    ? { event: "newcomers", ...counts, fastest }
    : { event: "round", ...counts, elapsedMs, fastest };
}

/** Events after which a server may get no clients. */
const CAUSES: ReadonlySet<ServerEvent["kind"]> = new Set(
  ["failing", "out", "changed", "action", "enabled", "actionEnded"] as const,
);

/** Logs a line: in words, and as a record. */
export type Tell = (words: string, record?: object) => void;

/** Logs what happens to the servers, a line for each change. */
export class FarmLog {
  /** What has become of servers lately. */
  readonly changes: RecentChanges;
  readonly #info: Tell;
  /** The last problem of each entry that is looked up. */
  #problems: ReadonlyMap<string, string> = new Map();
  #unruled: ReadonlySet<string> = new Set();
  #unservedZones: ReadonlySet<string> = new Set();

  #unserved: ReadonlySet<string> = new Set();

  constructor(info: Tell, changes: RecentChanges = new RecentChanges(Date.now)) {
    this.#info = info;
    this.changes = changes;
  }

  /**
   * Something happened to a server.
   *
   * @param excludedReason why it gets no clients now; logged with events that may have caused it
   */
  readonly server = (server: Server, event: ServerEvent, excludedReason?: ExcludedReason): void => {
    this.changes.add(server, event);
    const isCause = CAUSES.has(event.kind);
    const excluded = isCause && excludedReason !== undefined ? { excludedReason } : {};
    this.#info(`${server.authority} ${wordsFor(event)}`, {
      ...recordOf(server, event),
      ...excluded,
    });
  };

  /** Something went wrong in a round that is no server's fault. */
  readonly trouble = (event: TroubleEvent): void => {
    const { kind, ...record } = event;
    switch (event.kind) {
      case "untestable": {
        const { servers: { length: servers }, reason } = event;
        const named = event.servers.slice(0, MOST_LISTED).map(({ authority }) => authority);
        const more = servers > named.length ? ` and ${servers - named.length} more` : "";
        return this.#info(`${named.join(", ")}${more} could not be tested: ${reason}`, {
          event: kind,
          server: named[0],
          servers,
          named,
          reason,
        });
      }
      case "allFailed":
        return this.#info(
          "all servers that were available have failed; looking again before any is out: " +
            event.reason,
          { event: kind, ...record },
        );
      case "paused":
        return this.#info(
          `this process stood still for ${(event.pausedMs / 1000).toFixed(1)} s; ` +
            "the tests of that time are run again",
          { event: kind, ...record },
        );
    }
  };

  /** A round has ended, or a test of new servers. */
  readonly round = (event: RoundEvent): void => {
    this.#info(wordsForRound(event), roundRecordOf(event));
  };

  /** Zones whose clients all had to be sent elsewhere since the last call: logs new ones. */
  unserved(zones: readonly (readonly [zone: string, clients: number])[]): void {
    for (const [zone, clients] of zones) {
      if (this.#unservedZones.has(zone)) continue;
      this.#info(`no server of the zone ${zone} was available for its ${clients} clients`, {
        event: "unserved",
        zone,
        clients,
      });
    }
    this.#unservedZones = new Set(zones.map(([zone]) => zone));
  }

  /** Servers have different versions of a file, or the same again. */
  readonly versions = (target: string, versions: readonly VersionHolders[]): void => {
    this.#info(wordsForVersions(target, versions), { event: "versions", target, versions });
  };

  /** Servers are listed more than once. */
  duplicates(servers: readonly Server[]): void {
    for (const { authority } of servers) {
      this.#info(`${authority} is listed twice; one is kept`, {
        event: "duplicate",
        server: authority,
      });
    }
  }

  /** Problems with lookups: logs new ones, and ends of old ones. */
  problems(problems: readonly LookupProblem[]): void {
    const before = this.#problems;
    this.#problems = new Map(problems.map(({ entry, reason }) => [entry, reason]));
    for (const [entry, reason] of this.#problems) {
      if (before.get(entry) === reason) continue;
      this.#info(`${entry}: ${reason}`, { event: "unresolved", entry, reason });
    }
    for (const entry of before.keys()) {
      if (this.#problems.has(entry)) continue;
      this.#info(`${entry} can be looked up again`, { event: "resolved", entry });
    }
  }

  /** Lists that cannot be read again, and files that were. */
  unread(lists: readonly UnreadList[], read: readonly string[]): void {
    for (const { name: list, origin } of lists) {
      const advice = origin === "program"
        ? `it is part of the program; add --allow-read=${list}`
        : "put the list into a file and name that";
      this.#info(`${list} cannot be read again: ${advice}`, { event: "unread", list });
    }
    if (lists.length > 0 || read.length > 0) return;
    this.#info("there is no list to read again: put the servers into a file and name that", {
      event: "unread",
    });
  }

  /** A list has a mistake, so that all stay as they were. */
  unchanged(reason: string): void {
    this.#info(`the list stays as it was: ${reason}`, { event: "unchanged", reason });
  }

  /** The files of places were read. */
  places(description: string): void {
    this.#info(`places are known by ${description}`, { event: "places", description });
  }

  /** A file of places has a mistake, so that all stay as they were. */
  unchangedPlaces(reason: string): void {
    this.#info(`the places stay as they were: ${reason}`, { event: "unchanged", reason });
  }

  /**
   * Zones that do not fit together; each is logged once, and again when it has come back.
   *
   * @param unruled zones of servers that no rule gives
   * @param unserved zones of rules in which there is no server
   */
  zones(unruled: ReadonlySet<string>, unserved: ReadonlySet<string>): void {
    this.#zones([...unruled.difference(this.#unruled)], "no rule gives");
    this.#zones([...unserved.difference(this.#unserved)], "no server is in");
    this.#unruled = unruled;
    this.#unserved = unserved;
  }

  #zones(all: readonly string[], reason: string): void {
    if (all.length === 0) return;
    const zones = all.slice(0, MOST_LISTED);
    const more = all.length > zones.length ? ` and ${all.length - zones.length} more` : "";
    const noun = all.length === 1 ? "the zone" : "the zones";
    this.#info(`${reason} ${noun} ${zones.join(", ")}${more}`, {
      event: "zones",
      reason,
      zones,
      count: all.length,
    });
  }

  reread(added: readonly Server[], removed: readonly Server[], servers: number): void {
    const all = `${servers} ${servers === 1 ? "server" : "servers"}`;
    this.#info(
      `the list was read again: ${all}, ${added.length} new, ${removed.length} gone`,
      { event: "reread", servers, added: added.length, removed: removed.length },
    );
  }

  testing(servers: number): void {
    this.#info(`testing ${servers} ${servers === 1 ? "server" : "servers"}`);
  }

  /** Servers were added, changed or removed, by the list or by DNS, in a pool. */
  changed({ added, changed, removed }: Replacement, pool: Pick<Pool, "excludedReason">): void {
    for (const server of removed) this.server(server, { kind: "unlisted" });
    for (const [server, changes] of changed) {
      this.server(server, { kind: "changed", changes }, pool.excludedReason(server));
    }
    for (const server of added) this.server(server, { kind: "listed", foundBy: server.foundBy });
  }
}
