import { OURS } from "./downloader.ts";
import { interrupt, type Interruption, type Way } from "./interruption.ts";
import { drawPlan, isServable, type Plan } from "./plan.ts";
import { numbersFrom, together } from "./together.ts";
import { report, type Trial, tryPlan } from "./trial.ts";

/** One farm of so many has no server that is right. */
const UNSERVABLE_EVERY = 5;

/** What a client may hold, when it is killed, of what it has read but not yet written. */
const BUFFER_OCTETS = 512 * 1024;

/** How many trials ended how. */
export interface Tally {
  downloads: number;
  /** Of which some server was right. */
  servable: number;
  /** Reports of those that went wrong, with what it takes to see them again. */
  readonly failures: string[];
  /** By exit status, of those without a server that was right. */
  readonly exitStatuses: Map<number, number>;
}

/** The plan of a seed: each seed has one, whatever others are tried with it. */
export function planOf(seed: number): Plan {
  return drawPlan(seed, seed % UNSERVABLE_EVERY !== 0);
}

/** Downloads by the plans of so many seeds, so many at a time. */
export async function tryMany(
  { seed, downloads, jobs }: { seed: number; downloads: number; jobs: number },
  onTrial: (trial: Trial, tally: Tally) => void = () => {},
): Promise<Tally> {
  const tally: Tally = { downloads: 0, servable: 0, failures: [], exitStatuses: new Map() };
  const attempt = (seed: number) => tryPlan(planOf(seed), OURS);
  for await (const trial of together(numbersFrom(seed, downloads), jobs, attempt)) {
    const { plan, code, complaints } = trial;
    tally.downloads++;
    if (isServable(plan)) tally.servable++;
    else tally.exitStatuses.set(code, (tally.exitStatuses.get(code) ?? 0) + 1);
    if (complaints.length > 0) tally.failures.push(report(trial));
    onTrial(trial, tally);
  }
  return tally;
}

/** What clients cost that asked for as many parts at once. */
export interface Share {
  readonly parts: "one part" | "several parts" | "as many parts as help";
  clients: number;
  /** Octets of all contents together. */
  octets: number;
  /** Octets that were sent once more, altogether and at most in one download. */
  sentTwice: number;
  mostSentTwice: number;
}

/** What so many killed clients cost. */
export interface Toll {
  kills: number;
  /** Of which so many had a document, and so many a proxy. */
  withDocument: number;
  withProxy: number;
  /** By what was asked for at once: one part, several, or as many as help. */
  readonly shares: Readonly<Record<Share["parts"], Share>>;
  /** What went wrong. */
  readonly failures: string[];
}

/** Kills so many clients, so many at a time, and lets others go on. */
export async function killMany(
  { seed, kills, jobs }: { seed: number; kills: number; jobs: number },
): Promise<Toll> {
  const toll: Toll = {
    ...{ kills: 0, withDocument: 0, withProxy: 0 },
    shares: {
      "one part": shareOf("one part"),
      "several parts": shareOf("several parts"),
      "as many parts as help": shareOf("as many parts as help"),
    },
    failures: [],
  };
  const attempt = (seed: number) => interrupt(seed).catch((error: Error) => error);
  for await (const result of together(numbersFrom(seed, kills), jobs, attempt)) {
    toll.kills++;
    if (result instanceof Error) {
      toll.failures.push(result.message);
      continue;
    }
    const { length, sentTwice, way } = result;
    if (way.hasDocument) toll.withDocument++;
    if (way.proxy !== "none") toll.withProxy++;
    const share = toll.shares[partsOf(way)];
    share.clients++;
    share.octets += length;
    share.sentTwice += sentTwice;
    share.mostSentTwice = Math.max(share.mostSentTwice, sentTwice);
    if (sentTwice > allowance(result)) toll.failures.push(tooMuch(result));
  }
  return toll;
}

function shareOf(parts: Share["parts"]): Share {
  return { parts, clients: 0, octets: 0, sentTwice: 0, mostSentTwice: 0 };
}

function partsOf({ segments }: Way): Share["parts"] {
  if (segments === undefined) return "as many parts as help";
  return segments > 1 ? "several parts" : "one part";
}

/**
 * What may be sent once more: 1 %, and one buffer. Of several parts it is not told: what a server had
 * sent when another took over, and how far the file had come, cannot be known from outside. Nor is it
 * where a proxy has ended connections, and what was in them.
 */
function allowance({ length, way: { segments, proxy } }: Interruption): number {
  return segments === 1 && proxy !== "cuts" ? length / 100 + BUFFER_OCTETS : Infinity;
}

function tooMuch({ seed, length, sentBefore, sentTwice }: Interruption): string {
  return `seed ${seed}: ${sentTwice} of ${length} octets were sent twice, ` +
    `the client was killed after ${sentBefore}`;
}
