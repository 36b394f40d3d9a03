import { randomInteger, seededRandom } from "../support/random.ts";
import { clientAddress, ONE_CONTINENT, type World } from "./continents.ts";

/** What is simulated. Sizes are in bytes, times in ms. */
export interface Scenario {
  readonly servers: number;
  /** The part of the farm's mean capacity that is asked for. */
  readonly load: number;
  /** How the sizes of files are distributed; each has the same mean. */
  readonly sizes: "equal" | "log-normal" | "heavy-tailed";
  readonly meanBytes: number;
  /** The part of all requests of which the balancer knows the size of the file. */
  readonly sizesKnown: number;
  /** Whether all speeds change at once, or each at a time of its own. */
  readonly changesTogether: boolean;
  /** Time between rounds of probes. */
  readonly interval: number;
  /** When the last client comes. */
  readonly end: number;
  readonly seed: number;
  /** Where servers and clients are. */
  readonly world: World;
  /** Transfers that each server sends at full speed at a time; above 1 its line is hardly shared. */
  readonly lanes: number;
  /** Balancers that share the clients and know nothing of each other, and workers of each. */
  readonly balancers: number;
  readonly workers: number;
  /** How often servers are asked for reports, for each 100 redirects; 0 for no reports at all. */
  readonly checks: number;
  /** From asking for a report until it is there; clients are on their way to servers for half of it. */
  readonly roundTrip: number;
  /** What a system takes of a transfer before it is on its way; a report counts that as sent. */
  readonly bufferBytes: number;
  /** What a test gets beside a download, as a part of what that gets. */
  readonly newFlowShare: number;
  /** Servers keep their speeds, and the fastest one falls to a tenth then; undefined for changes. */
  readonly fallAt: number | undefined;
}

/** From now on the server has this speed, in bytes per ms; 0 is dead. */
export interface Change {
  readonly at: number;
  readonly server: number;
  readonly speed: number;
}

/** A client that comes, and its request. */
export interface Arrival {
  readonly at: number;
  readonly bytes: number;
  /** The size of the file, if the balancer knows it. */
  readonly knownSize: number | undefined;
  readonly client: string;
  readonly target: string;
}

const MINUTE = 60_000;

/** When the first client comes; the first round of probes is over by then. */
export const OPENING = MINUTE;

/** The speed of the middling server: 10 MB/s. */
const MEDIAN_SPEED = 10_000;
const SPEED_LASTS = 5 * MINUTE;
/**
 * One change of speed in so many is a death instead, for half the time that a speed lasts; fewer in
 * farms of thousands, where each death costs the simulation much time.
 */
const changesADeath = (servers: number) => Math.max(50, Math.floor(servers / 20));
const CLIENTS = 10_000;
const TARGETS = 10_000;

/**
 * Measured on a line of 20 Mbit/s that carries 19: a test of 1 MiB beside one download got 2.9 of
 * them, and the download the rest.
 */
const NEW_FLOW_SHARE = 2.9 / (19 - 2.9);

/** A farm that is asked for `load` of what it can do, by clients of files of 600 MB on the mean. */
export function scenarioOf(
  servers: number,
  load: number,
  changes: Partial<Scenario> = {},
): Scenario {
  const scenario: Scenario = {
    servers,
    load,
    sizes: "log-normal",
    meanBytes: 600e6,
    sizesKnown: 0.8,
    changesTogether: false,
    interval: MINUTE,
    end: 0,
    seed: 1,
    world: ONE_CONTINENT,
    lanes: 1,
    balancers: 1,
    workers: 1,
    checks: 1000,
    roundTrip: 20,
    bufferBytes: 256 * 1024,
    newFlowShare: NEW_FLOW_SHARE,
    fallAt: undefined,
    ...changes,
  };
  return { ...scenario, end: changes.end ?? endOf(scenario) };
}

/** So long that thousands of clients come, and every speed changes a few times if time allows. */
function endOf(scenario: Scenario): number {
  const { servers } = scenario;
  const least = servers > 1000 ? SPEED_LASTS : 4 * SPEED_LASTS;
  const most = 2880 * MINUTE;
  return OPENING + Math.max(least, Math.min(9_000 / arrivalsPerMs(scenario), most));
}

/** The mean of a log-normal distribution of median 1 and sigma 1. */
const LOG_NORMAL_MEAN = Math.exp(0.5);

function arrivalsPerMs({ servers, load, meanBytes, lanes }: Scenario): number {
  return load * servers * MEDIAN_SPEED * LOG_NORMAL_MEAN * lanes / meanBytes;
}

/** What happens to the servers, in order of time; the first changes are their beginnings. */
export function changesOf(scenario: Scenario): Change[] {
  const { servers, changesTogether, end, seed, fallAt } = scenario;
  const random = seededRandom(seed);
  if (fallAt !== undefined) return fallOfFastest(servers, fallAt, random);
  const changes: Change[] = [];
  for (let server = 0; server < servers; server++) {
    const speed = () => MEDIAN_SPEED * Math.exp(normal(random));
    changes.push({ at: 0, server, speed: speed() });
    let at = changesTogether ? SPEED_LASTS : random() * SPEED_LASTS;
    for (; at < end; at += SPEED_LASTS) {
      const dies = at > OPENING && randomInteger(random, changesADeath(servers)) === 0;
      if (dies) changes.push({ at, server, speed: 0 });
      changes.push({ at: dies ? at + SPEED_LASTS / 2 : at, server, speed: speed() });
    }
  }
  return changes.sort((a, b) => a.at - b.at);
}

/** Speeds that stay, but for that of the fastest server. */
function fallOfFastest(servers: number, at: number, random: () => number): Change[] {
  const changes = Array.from({ length: servers }, (_, server) => {
    return { at: 0, server, speed: MEDIAN_SPEED * Math.exp(normal(random)) };
  });
  const { server, speed } = changes.reduce((best, it) => it.speed > best.speed ? it : best);
  return [...changes, { at, server, speed: speed / 10 }];
}

/** Clients that come at random, however many are still waiting. */
export function* arrivalsOf(scenario: Scenario): Generator<Arrival> {
  const random = seededRandom(scenario.seed + 1);
  const rate = arrivalsPerMs(scenario);
  for (let at = OPENING;;) {
    at -= Math.log(1 - random()) / rate;
    if (at > scenario.end) return;
    const client = clientAddress(scenario.world, randomInteger(random, CLIENTS));
    const target = `/files/${randomInteger(random, TARGETS)}.iso`;
    const bytes = scenario.meanBytes * SIZES[scenario.sizes](random);
    const knownSize = random() < scenario.sizesKnown ? bytes : undefined;
    yield { at, bytes, knownSize, client, target };
  }
}

/** The Pareto exponent of heavy-tailed sizes: a finite mean, no finite variance. */
const TAIL = 1.5;
/** The largest file in comparison with the smallest, so that the mean can be seen at all. */
const LARGEST = 1000;

/** Sizes with a mean of 1. */
const SIZES: Readonly<Record<Scenario["sizes"], (random: () => number) => number>> = {
  equal: () => 1,
  "log-normal": (random) => Math.exp(normal(random)) / LOG_NORMAL_MEAN,
  "heavy-tailed": (random) =>
    Math.min(LARGEST, (1 - random()) ** (-1 / TAIL)) * (TAIL - 1) / (TAIL - LARGEST ** (1 - TAIL)),
};

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
