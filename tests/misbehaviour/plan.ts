import { randomInteger, seededRandom } from "../support/random.ts";
import {
  type BehaviourName,
  exitStatusesOf,
  FAULT_NAMES,
  type FaultName,
  isUpright,
  needsDigest,
  UPRIGHT_NAMES,
} from "./behaviours.ts";
import type { RedirectingOptions } from "./redirecting.ts";

/** A server of a farm. */
export interface PlannedServer {
  readonly behaviour: BehaviourName;
  /** Where in the content it goes wrong, if it does so there. */
  readonly brink: number;
}

/** A farm and a download from it: all that follows from a seed, on every machine. */
export interface Plan {
  readonly seed: number;
  /** Octets of the content. */
  readonly length: number;
  readonly servers: readonly PlannedServer[];
  readonly balancer: RedirectingOptions;
  /** Whether the servers send Repr-Digest. */
  readonly hasReprDigest: boolean;
  /** Whether the client is told the digest. */
  readonly isDigestGiven: boolean;
  /** Whether an older file stands under the name. */
  readonly isNameTaken: boolean;
  /** Whether there is other content under the name when a later run goes on. */
  readonly changesLater: boolean;
  /** How many parts the client asks for at once. */
  readonly segments: number;
  /** The same, of a run that goes on with what this one left. */
  readonly laterSegments: number;
  /** Whether the client is given a Metalink document that names all servers, and not a URL. */
  readonly hasDocument: boolean;
  /** What is between the client and all servers. */
  readonly proxy: PlannedProxy;
}

/** None, one that passes all on, or one that also ends connections in the middle. */
export type PlannedProxy = "none" | "upright" | "cuts";

/** Draws a plan; `isServable` says whether some server of it is right. */
export function drawPlan(seed: number, isServable: boolean): Plan {
  const random = seededRandom(seed);
  const chance = (share: number) => random() < share;
  const length = drawLength(random, isServable ? 0 : 2);
  const faults = drawnFrom(random, FAULT_NAMES, 1 + randomInteger(random, 4));
  const upright = isServable ? drawnFrom(random, UPRIGHT_NAMES, 1 + randomInteger(random, 2)) : [];
  const servers = shuffled(random, [...faults, ...upright]).map((behaviour) => ({
    behaviour,
    brink: randomInteger(random, Math.max(1, length)),
  }));
  return {
    seed,
    length,
    servers,
    balancer: {
      order: chance(0.5) ? "in turn" : "by chance",
      heedsAvoidance: chance(0.5),
      namesDuplicates: chance(0.3),
      hiccups: chance(0.2) ? 0.2 : 0,
    },
    hasReprDigest: chance(0.5),
    isDigestGiven: servers.some(({ behaviour }) => needsDigest(behaviour)) || chance(0.3),
    isNameTaken: chance(0.2),
    changesLater: chance(0.3),
    // Last, so that what was drawn before is the same without it.
    segments: drawSegments(random),
    laterSegments: drawSegments(random),
    hasDocument: chance(0.25),
    proxy: drawProxy(random),
  };
}

/** Whether some server of a plan is right. */
export function isServable({ servers }: Plan): boolean {
  return servers.some(({ behaviour }) => isUpright(behaviour));
}

/** With which statuses a client may end a planned download. */
export function exitStatusesFor(plan: Plan): ReadonlySet<number> {
  if (isServable(plan)) return new Set([0]);
  const faults = plan.servers.map(({ behaviour }) => behaviour as FaultName);
  const own = plan.balancer.hiccups > 0 ? [1, 3] : [];
  // A document tells the size and digests of pieces: what is right may come from several servers, and
  // what is not is known to be wrong.
  if (plan.hasDocument) own.push(0, 6);
  // It answers 502 for a server that it cannot reach, and what it cuts off may be all there was.
  if (plan.proxy !== "none") own.push(1, 3);
  return new Set([...own, ...faults.flatMap(exitStatusesOf)]);
}

/** A plan in one line, for whoever looks for the reason of a failure. */
export function describe(plan: Plan): string {
  const { seed, length, servers, balancer } = plan;
  const { order, heedsAvoidance, namesDuplicates, hiccups } = balancer;
  const parts = [
    `seed ${seed}`,
    `${length} octets`,
    servers.map(({ behaviour, brink }) => `${behaviour} @${brink}`).join(" | "),
    `balancer ${order}`,
    heedsAvoidance && "heeds avoidance",
    namesDuplicates && "names duplicates",
    hiccups > 0 && `hiccups ${hiccups}`,
    plan.hasReprDigest && "Repr-Digest",
    plan.isDigestGiven && "--sha256",
    plan.isNameTaken && "name taken",
    plan.changesLater && "changes later",
    plan.segments > 1 && `--segments=${plan.segments}`,
    plan.hasDocument && "Metalink",
    plan.proxy !== "none" && `proxy ${plan.proxy}`,
    plan.laterSegments > 1 && `later --segments=${plan.laterSegments}`,
  ];
  return parts.filter((part) => part !== false).join("; ");
}

/** Most are small; some need many reads, a few have no octet at all. */
function drawLength(random: () => number, least: number): number {
  const most = [0, 1, 300, 20_000, 20_000, 300_000, 300_000, 1_500_000][randomInteger(random, 8)]!;
  return Math.max(least, most <= 1 ? most : randomInteger(random, most));
}

/** One for half of them. */
function drawSegments(random: () => number): number {
  return Math.max(1, randomInteger(random, 10) - 3);
}

/** None for three of four. */
export function drawProxy(random: () => number): PlannedProxy {
  return random() < 0.75 ? "none" : random() < 0.5 ? "upright" : "cuts";
}

function drawnFrom<T>(random: () => number, all: readonly T[], count: number): T[] {
  return Array.from({ length: count }, () => all[randomInteger(random, all.length)]!);
}

function shuffled<T>(random: () => number, all: readonly T[]): T[] {
  const left = [...all];
  return Array.from(all, () => left.splice(randomInteger(random, left.length), 1)[0]!);
}
