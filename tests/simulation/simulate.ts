import { continentOfClient, pathSpeed } from "./continents.ts";
import { type EventQueue, MinHeap } from "./min_heap.ts";
import { ArrivalMeter } from "./arrival_meter.ts";
import { Farm } from "./farm.ts";
import { type Arrival, arrivalsOf, changesOf, OPENING, type Scenario } from "./scenario.ts";
import type { Strategy, StrategyMaker } from "./strategy.ts";

/** What came of a scenario with a strategy. */
export interface Outcome {
  /** Of a download, from asking the balancer until the last octet, in ms. */
  readonly mean: number;
  /** That which 99 of 100 stayed below. */
  readonly p99: number;
  /** Downloads that one server had at a time. */
  readonly largestBacklog: number;
  /** The part of all redirects that led to a dead server. */
  readonly toTheDead: number;
  /** See `Strategy`. */
  readonly shareError: number;
  /** See `ArrivalMeter`. */
  readonly dispersion: number;
}

/** How long a client waits before it asks again, in ms: a dead server, or none at all. */
const PAUSE = 1000;
const RETRY_AFTER = 10_000;

/** Clients of the first minutes do not count: the farm is still empty. */
const WARM_UP = 120_000;

/**
 * Lets clients come to a farm until the scenario ends, and then waits for their downloads. A client
 * whose server dies asks the balancer again, and resumes.
 */
export function simulate(scenario: Scenario, makeStrategy: StrategyMaker): Outcome {
  return new Simulation(scenario, makeStrategy).run();
}

/** A client that has come and not got all of its file; `bytes` are those that it still lacks. */
interface Client extends Arrival {
  readonly askedAt: number;
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #farm: Farm;
  readonly #events: EventQueue = new MinHeap();
  readonly #arrivals: Iterator<Arrival>;
  readonly #strategy: Strategy;
  readonly #times: number[] = [];
  readonly #arrived: ArrivalMeter;
  /** Clients that have come and not got their file. */
  #waiting = 0;
  #redirects = 0;
  #refusals = 0;

  constructor(scenario: Scenario, makeStrategy: StrategyMaker) {
    this.#scenario = scenario;
    this.#farm = new Farm(scenario.servers, scenario.lanes);
    this.#arrived = new ArrivalMeter(scenario.servers);
    this.#arrivals = arrivalsOf(scenario);
    this.#strategy = makeStrategy(scenario, this.#farm, this.#events);
  }

  run(): Outcome {
    for (const { at, server, speed } of changesOf(this.#scenario)) {
      this.#events.add(at, () => this.#farm.change(server, speed, at));
    }
    this.#events.add(0, () => this.#tick(0));
    this.#expectNext();
    for (;;) {
      const now = Math.min(this.#farm.nextEnd, this.#events.firstKey);
      if (now === Infinity) break;
      if (now === this.#farm.nextEnd) this.#farm.endNext();
      else this.#events.shift()!();
    }
    const times = this.#times.sort((a, b) => a - b);
    return {
      mean: times.reduce((sum, time) => sum + time, 0) / times.length,
      p99: times[Math.floor(times.length * 0.99)] ?? NaN,
      largestBacklog: this.#farm.largestBacklog,
      toTheDead: this.#refusals / this.#redirects,
      shareError: this.#strategy.shareError,
      dispersion: this.#arrived.dispersion,
    };
  }

  #tick(now: number): void {
    if (now > this.#scenario.end && this.#waiting === 0) return;
    this.#strategy.tick(now);
    const next = now + this.#scenario.interval;
    this.#events.add(next, () => this.#tick(next));
  }

  #expectNext(): void {
    const { value: arrival, done } = this.#arrivals.next();
    if (done) return;
    this.#events.add(arrival.at, () => {
      this.#waiting++;
      this.#redirect({ ...arrival, askedAt: arrival.at }, arrival.at);
      this.#expectNext();
    });
  }

  #redirect(client: Client, now: number): void {
    const server = this.#strategy.choose(client, now);
    if (server < 0) return this.#redirectLater(client, now + RETRY_AFTER);
    this.#redirects++;
    this.#arrived.add(server, now);
    const isBegun = this.#farm.begin(server, {
      bytes: client.bytes,
      pathSpeed: pathSpeed(this.#scenario.world, server, continentOfClient(client.client)),
      isProbe: false,
      onEnd: (end) => this.#finish(client, end),
      onBreak: (end, bytes) => this.#redirectLater({ ...client, bytes }, end + PAUSE),
    }, now);
    if (isBegun) return;
    this.#refusals++;
    this.#redirectLater(client, now + PAUSE);
  }

  #redirectLater(client: Client, at: number): void {
    this.#events.add(at, () => this.#redirect(client, at));
  }

  #finish(client: Client, now: number): void {
    this.#waiting--;
    if (client.askedAt >= OPENING + WARM_UP) this.#times.push(now - client.askedAt);
  }
}
