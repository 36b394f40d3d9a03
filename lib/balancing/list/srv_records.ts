/**
 * From the SRV records of a name to servers (RFC 2782).
 *
 * @module
 */

import type { SrvEntry } from "./dns_entry.ts";
import { type Endpoint, isAddress, parseEndpoint } from "./endpoint.ts";
import { foundServer, type Server } from "./server.ts";
import { quote, ServerListError } from "./server_list_error.ts";

/** An SRV record that names a server. */
export interface SrvTarget extends Endpoint {
  /** 0 to 65535, as it was answered: comparable only with others of the same answer. */
  readonly priority: number;
  /** 0 to 65535, as it was answered: relative to others of the same priority. */
  readonly weight: number;
}

/** What an answer names. */
export interface SrvTargets {
  /** Each once: by priority, then by place, however the answer was shuffled. */
  readonly targets: readonly SrvTarget[];
  /** Why records are left out, for people. */
  readonly reasons: readonly string[];
}

/** A server gets at least so much of the weight of its entry: weight 0 means a very small chance. */
const LEAST_SHARE = 0.01;

/** Takes the records that name a server. Of several for one place, that of highest rank counts. */
export function srvTargets(records: readonly Deno.SrvRecord[]): SrvTargets {
  const targets = new Map<string, SrvTarget>();
  const reasons = new Set<string>();
  for (const record of records) {
    const target = parseTarget(record);
    if (typeof target === "string") {
      reasons.add(target);
      continue;
    }
    const other = targets.get(target.authority);
    if (other === undefined || compareRank(target, other) < 0) {
      targets.set(target.authority, target);
    }
  }
  const sorted = [...targets.values()].sort((a, b) =>
    a.priority - b.priority || (a.authority < b.authority ? -1 : 1)
  );
  return { targets: sorted, reasons: [...reasons] };
}

/**
 * The servers of an entry. Its weight is what a server gets on average; the lowest priority of the
 * answer becomes that of the entry, the next one is 1 more, and so on.
 */
export function srvServers(entry: SrvEntry, targets: readonly SrvTarget[]): Server[] {
  const byPriority = Map.groupBy(targets, ({ priority }) => priority);
  const priorities = [...byPriority.keys()].sort((a, b) => a - b);
  return priorities.flatMap((answered, rank) => {
    const equals = byPriority.get(answered)!;
    const sum = equals.reduce((sum, { weight }) => sum + weight, 0);
    const priority = entry.options.priority + rank;
    return equals.map(({ hostname, port, authority, weight }) => {
      const share = sum === 0 ? 1 : Math.max(LEAST_SHARE, weight * equals.length / sum);
      const options = { ...entry.options, weight: entry.options.weight * share, priority };
      return foundServer({ hostname, port, authority }, options, entry.text);
    });
  });
}

/** The reason when it names no server. */
function parseTarget({ target, port, priority, weight }: Deno.SrvRecord): SrvTarget | string {
  if (target === ".") return 'a record says by the target "." that there is no such service';
  if (port === 0) return `a record is left out, since its target ${quote(target)} has the port 0`;
  const text = `${target.replace(/\.$/, "")}:${port}`;
  try {
    const endpoint = parseEndpoint(text);
    if (!isAddress(endpoint.hostname)) return { ...endpoint, priority, weight };
  } catch (error) {
    if (!(error instanceof ServerListError)) throw error;
  }
  return `a record is left out, since its target ${quote(target)} is no valid host name`;
}

function compareRank(a: SrvTarget, b: SrvTarget): number {
  return a.priority - b.priority || b.weight - a.weight;
}
