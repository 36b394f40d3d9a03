import type { Fate } from "./fate.ts";
import type { OwnAccount } from "./own_account.ts";
import { type Redirected, wasForbidden, wasInVain } from "./redirected.ts";
import type { StateLog } from "./state_log.ts";
import type { Tally } from "./tally.ts";

/** What is to be said of a day. */
export interface Verdict {
  /** What was, line by line. */
  readonly lines: readonly string[];
  /** What should not have been. */
  readonly mistakes: readonly string[];
}

/** What is known of a day that is over. */
export interface Evidence {
  /** What clients saw. */
  readonly tally: Tally;
  /** What the balancer said. */
  readonly log: StateLog;
  readonly account: OwnAccount;
  /** The redirects in its access log. */
  readonly logged: readonly Redirected[];
  /** What went wrong with the servers. */
  readonly fate: Fate;
  /** All that were in the list. */
  readonly servers: readonly string[];
  /** How long clients downloaded. */
  readonly seconds: number;
}

/** Judges a day by what clients saw and by what the balancer said. */
export function verdictOn(
  { tally, log, account, logged, fate, servers, seconds }: Evidence,
): Verdict {
  const { redirects, done, wrong, failedTries, reasons } = tally;
  const spans = new Map(servers.map((server) => [server, log.replay.spansWithout(server)]));
  const isForbidden = (it: Redirected) => wasForbidden(it, spans.get(it.server) ?? []);
  const forbidden = [...redirects.filter(isForbidden), ...logged.filter(isForbidden)];
  const inVain = redirects.filter((it) => wasInVain(it, fate.deadSpansOf(it.server)));
  const outs = log.records.filter(({ event }) => event === "out");
  const unprovoked = outs.filter(({ server, at }) => !fate.wasTroubled(server!, at));
  const absent = servers.filter((server) => log.replay.stateOf(server) !== "available");
  const lines = [
    `downloads: ${done} done, ${wrong} wrong, ${reasons.length} failed; ${failedTries} failed tries`,
    `redirects: ${redirects.length}, ${(redirects.length / seconds).toFixed(1)} a second; ` +
    `${forbidden.length} to servers that were out, ${inVain.length} to dead ones not yet noticed`,
    `by its own account: ${account.redirects} redirects, ${account.unavailable} turned away; ` +
    `${logged.length} redirects in the access log`,
    `log: ${log.records.length} lines, ${outs.length} times out, ${log.countOf("round")} rounds, ` +
    `${log.countOf("different")} of different test files, ${log.countOf("untestable")} untestable`,
    `faults: ${fate.skipped} left out, since too much was wrong already`,
  ];
  const mistakes = [
    ...reasons.map((reason) => `a download failed: ${reason}`),
    ...(wrong > 0 ? [`${wrong} downloads were wrong`] : []),
    ...forbidden.map(({ server, askedAt }) => `redirect to ${server}, out, at ${iso(askedAt)}`),
    ...(account.unavailable > 0 ? [`${account.unavailable} clients were turned away`] : []),
    ...account.contradictions,
    ...fate.missing,
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
