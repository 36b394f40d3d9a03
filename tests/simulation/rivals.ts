/**
 * Policies that other load balancers use, to compare `expected` with. Each knows what servers report,
 * and the clients that it sent there since.
 *
 * @module
 */

import {
  type ReportedLoad,
  throughputOf,
  type TransferSample,
} from "../../lib/balancing/health.ts";
import type { Server } from "../../lib/balancing/list/server.ts";
import type { Candidate, PickRequest, Policy } from "../../lib/balancing/policies/policy.ts";

/** What is known of a server. */
interface View {
  readonly server: Server;
  /** Of its latest test, in bytes per ms. */
  speed: number;
  /** How long its tests took: rises at once, falls slowly. */
  peakMs: number;
  /** Transfers, and the bytes that these lack. */
  open: number;
  pendingBytes: number;
}

/** Chooses one of at least one server. @param bytes of the file */
type Choice = (views: readonly View[], bytes: number, random: () => number) => View;

/** The weight of the newest test, where it took less time than before. */
const PEAK_DECAY = 0.3;

/** What a file of unknown size counts as. */
const USUAL_BYTES = 600e6;

/** The part of all servers by transfers that counts as cold, and how many are drawn, as in Prequal. */
const COLD = 0.84;
const DRAWN = 3;

function least(views: readonly View[], costOf: (view: View) => number): View {
  return views.reduce((best, view) => costOf(view) < costOf(best) ? view : best);
}

function drawn(views: readonly View[], count: number, random: () => number): View[] {
  return Array.from({ length: count }, () => views[Math.floor(random() * views.length)]!);
}

function endOf({ pendingBytes, speed }: View, bytes: number): number {
  return (pendingBytes + bytes) / speed;
}

function hotAndCold(views: readonly View[], random: () => number): View {
  const sorted = views.map(({ open }) => open).sort((a, b) => a - b);
  const hottest = sorted[Math.ceil(COLD * (sorted.length - 1))]!;
  const some = drawn(views, DRAWN, random);
  const cold = some.filter(({ open }) => open <= hottest);
  return cold.length > 0 ? least(cold, (it) => 1 / it.speed) : least(some, ({ open }) => open);
}

const CHOICES = {
  "least loaded": (views) => least(views, ({ open }) => open),
  "least loaded by speed": (views) => least(views, ({ open, speed }) => (open + 1) / speed),
  "Peak EWMA": (views) => least(views, ({ open, peakMs }) => (open + 1) * peakMs),
  "hot and cold": (views, _, random) => hotAndCold(views, random),
  "power of two": (views, bytes, random) =>
    least(drawn(views, 2, random), (view) => endOf(view, bytes)),
  "least backlog": (views, bytes) => least(views, (view) => endOf(view, bytes)),
} satisfies Record<string, Choice>;

/** A policy that is none of the balancer's. */
export type RivalName = keyof typeof CHOICES;

/** All of them. */
export const RIVAL_NAMES = Object.keys(CHOICES) as readonly RivalName[];

/** Chooses as others do. */
export class Rival implements Policy {
  readonly picksByLoad = true;
  readonly #choose: Choice;
  readonly #random: () => number;
  #views = new Map<number, View>();

  /** @param random evenly distributed, at least 0 and less than 1 */
  constructor(name: RivalName, random: () => number) {
    this.#choose = CHOICES[name];
    this.#random = random;
  }

  part(): Policy {
    return this;
  }

  update(candidates: readonly Candidate[]): void {
    const before = this.#views;
    this.#views = new Map(candidates.map(({ server }) => {
      const fresh = { server, speed: 0, peakMs: 0, open: 0, pendingBytes: 0 };
      return [server.id, before.get(server.id) ?? fresh];
    }));
    for (const { server, sample } of candidates) this.measured(server.id, sample);
  }

  measured(id: number, sample: TransferSample): void {
    const view = this.#views.get(id);
    if (view === undefined) return;
    view.speed = throughputOf(sample);
    const { peakMs } = view;
    view.peakMs = Math.max(sample.elapsedMs, peakMs + PEAK_DECAY * (sample.elapsedMs - peakMs));
  }

  reported(id: number, { openTransfers, pendingBytes }: ReportedLoad): void {
    const view = this.#views.get(id);
    if (view === undefined) return;
    view.open = openTransfers ?? 0;
    view.pendingBytes = pendingBytes ?? 0;
  }

  pick({ bytes = USUAL_BYTES }: PickRequest): Server | undefined {
    const views = [...this.#views.values()];
    if (views.length === 0) return undefined;
    const view = this.#choose(views, bytes, this.#random);
    view.open++;
    view.pendingBytes += bytes;
    return view.server;
  }

  likely(): ReadonlyMap<number, number> {
    return new Map();
  }

  shares(): ReadonlyMap<number, number> {
    return new Map();
  }
}
