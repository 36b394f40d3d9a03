import type { StatusDocument } from "../../lib/balancing/status.ts";
import type { DownloadCounts } from "../harness/downloads.ts";
import { markdownTable } from "../support/table.ts";
import type { FaultInjector } from "./faults.ts";
import type { Span, StateLog } from "./state_log.ts";

/** A day, judged. */
export interface Verdict {
  /** What happened, in lines. */
  readonly lines: readonly string[];
  /** What should not have happened. */
  readonly mistakes: readonly string[];
}

/** What is known of a day that is over. */
export interface Evidence {
  readonly downloads: DownloadCounts;
  /** The redirects that clients got. */
  readonly redirects: readonly Redirected[];
  readonly log: StateLog;
  readonly account: OwnAccount;
  /** The redirects in its access log. */
  readonly logged: readonly Redirected[];
  readonly faults: FaultInjector;
  /** All that were in the list. */
  readonly servers: readonly string[];
  /** How long clients downloaded. */
  readonly seconds: number;
}

/** Judges a day by what clients got and by what the balancer logged. */
export function verdictOn(
  { downloads, redirects, log, account, logged, faults, servers, seconds }: Evidence,
): Verdict {
  const { times, wrong, failedTries, reasons } = downloads;
  const done = times.length - wrong;
  const spans = new Map(servers.map((server) => [server, log.states.spansWithout(server)]));
  const isForbidden = (it: Redirected) => wasForbidden(it, spans.get(it.server) ?? []);
  const forbidden = [...redirects.filter(isForbidden), ...logged.filter(isForbidden)];
  const inVain = redirects.filter((it) => wasInVain(it, faults.deadSpansOf(it.server)));
  const outs = log.records.filter(({ event }) => event === "out");
  const unprovoked = outs.filter(({ server, at }) => !faults.wasTroubled(server!, at));
  const absent = servers.filter((server) => log.states.stateOf(server) !== "available");
  const lines = [
    `downloads: ${done} done, ${wrong} wrong, ${reasons.length} failed; ${failedTries} failed tries`,
    `redirects: ${redirects.length}, ${(redirects.length / seconds).toFixed(1)} a second; ` +
    `${forbidden.length} to servers that were out, ${inVain.length} to dead ones not yet noticed`,
    `by its own account: ${account.redirects} redirects, ${account.unavailable} turned away; ` +
    `${logged.length} redirects in the access log`,
    `log: ${log.records.length} lines, ${outs.length} times out, ${log.countOf("round")} rounds, ` +
    `${log.countOf("different")} of different test files, ${log.countOf("untestable")} untestable`,
    `faults: ${faults.skipped} left out, since too much was wrong already`,
  ];
  const mistakes = [
    ...reasons.map((reason) => `a download failed: ${reason}`),
    ...(wrong > 0 ? [`${wrong} downloads were wrong`] : []),
    ...forbidden.map(({ server, askedAt }) => `redirect to ${server}, out, at ${iso(askedAt)}`),
    ...(account.unavailable > 0 ? [`${account.unavailable} clients were turned away`] : []),
    ...account.contradictions,
    ...faults.missing,
    ...log.mistakes,
    ...unprovoked.map(({ line }) => `nothing was wrong with this server: ${line}`),
    ...absent.map((server) => `${server} is not available in the end`),
    ...(done === 0 ? ["nothing was downloaded"] : []),
  ];
  return { lines, mistakes };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

/** What the status document of a balancer says of its day. */
export interface OwnAccount {
  /** Clients that it redirected, without those that killed workers had not yet reported. */
  readonly redirects: number;
  /** Clients that it turned away. */
  readonly unavailable: number;
  /** Servers whose state differs from that in the log. */
  readonly contradictions: readonly string[];
}

/**
 * Asks a balancer that has no clients.
 *
 * @throws {Error} when the log has no URL of the status pages
 */
export async function ownAccount(log: StateLog): Promise<OwnAccount> {
  const messages = log.records.map(({ message = "" }) => message);
  const [, origin] = messages.map((it) => /^the farm is shown at (\S+)\//.exec(it))
    .find((it) => it !== null) ?? [];
  if (origin === undefined) throw new Error("The log has no URL of the status pages");
  const response = await fetch(`${origin}/status.json`);
  const { redirects, unavailable, servers }: StatusDocument = await response.json();
  const contradictions = servers
    .filter(({ name, state }) => log.states.stateOf(name) !== state)
    .map(({ name, state }) => `${name} is shown as ${state}, told as ${log.states.stateOf(name)}`);
  return { redirects, unavailable, contradictions };
}

/** One redirect as a client or the access log saw it; moments are in ms since the epoch. */
export interface Redirected {
  /** Where it leads, `host:port`. */
  readonly server: string;
  /** It was asked for at this moment, or later. */
  readonly askedAt: number;
  /** It had come by then. */
  readonly toldAt: number;
}

/** Time until all workers know of a change that is logged. */
const NEWS_MS = 100;

/** Whether a redirect led to a server that, as the log had said before, gets no clients. */
export function wasForbidden(
  { askedAt, toldAt }: Redirected,
  spansWithout: readonly Span[],
): boolean {
  return spansWithout.some(([from, to]) => from + NEWS_MS < askedAt && toldAt < to);
}

/** Whether a redirect led to a server while that was dead. */
export function wasInVain({ askedAt, toldAt }: Redirected, dead: readonly Span[]): boolean {
  return dead.some(([from, to]) => from <= askedAt && toldAt < to);
}

/** The redirects of an access log in JSON. */
export function redirectsIn(lines: readonly string[]): Redirected[] {
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
    .filter(({ server }) => server !== null)
    .map(({ server, time }) => {
      const at = Date.parse(time);
      return { server, askedAt: at, toldAt: at };
    });
}

/** Times from faults to their lines in the log, by kind. */
export class DetectionTimes {
  readonly #times = new Map<string, number[]>();

  add(kind: string, ms: number): void {
    this.#times.set(kind, [...this.#times.get(kind) ?? [], ms]);
  }

  /** A Markdown table of all kinds. */
  get table(): string {
    const rows = [...this.#times].toSorted(([a], [b]) => a < b ? -1 : 1).map(([kind, times]) => {
      const sorted = times.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)]!;
      return [kind, `${times.length}`, inSeconds(median), inSeconds(sorted.at(-1)!)];
    });
    return markdownTable(["what", "times", "median", "worst"], rows);
  }
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
