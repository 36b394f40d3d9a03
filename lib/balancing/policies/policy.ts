/**
 * The contract of a policy, and what policies share. The pool says which servers are available; a
 * policy shares the clients among them.
 *
 * @module
 */

import { isSameSample, type ReportedLoad, throughputOf, type TransferSample } from "../health.ts";
import type { Server } from "../list/server.ts";

/** A server that may be picked, and what is known of it. */
export interface Candidate {
  /** Known by its id: the rest may change with the list. */
  readonly server: Server;
  /** Its latest transfer of a round that has ended; the same until there is another one. */
  readonly sample: TransferSample;
  /** Factor of its share: 1 for all of it, 0 for none unless all weights are 0. */
  readonly weight: number;
  /** Progress of its slow start after it was out, from 0, the lowest share, to 1. */
  readonly slowStart: number;
}

/** A request to pick a server for. */
export interface PickRequest {
  /** The client's address, without its port. */
  readonly client: string;
  /** Path and query as received. */
  readonly target: string;
  /** Milliseconds on a monotonic clock with any origin. */
  readonly monotonicMs: number;
  /** Evenly distributed, at least 0 and less than 1. */
  readonly random: number;
  /**
   * The size of the content that the client will be sent, in bytes: 0 for HEAD; undefined if
   * unknown.
   */
  readonly bytes?: number | undefined;
  /** Whether to avoid a server; absent if none. */
  readonly isExcluded?: ((server: Server) => boolean) | undefined;
  /**
   * Whether another server is preferred to this one, unless the other one is to be avoided; absent if
   * none. For the chooser: policies need not read it.
   */
  readonly isSecondary?: ((server: Server) => boolean) | undefined;
}

/** A way to pick servers. It has its own memory, does not wait and never throws. */
export interface Policy {
  readonly wantsSizes?: boolean;
  /**
   * The candidates, or their samples, have changed: a round ended, or a server left or came back.
   * What the policy has learnt of servers that stay is kept.
   *
   * @param monotonicMs on the clock of `PickRequest`
   */
  update(candidates: readonly Candidate[], monotonicMs: number): void;
  /**
   * A probe has passed inside a round; ignored if the server is no candidate. For policies that use
   * fresh samples; the sample comes again with the next `update()`.
   */
  measured?(id: number, sample: TransferSample, monotonicMs: number): void;
  /**
   * A server has said how busy it is; ignored if it is no candidate. For policies that use it: a
   * report counts for `LOAD_EXPIRY_MS`. Parts of one policy may be told the same report.
   *
   * @param monotonicMs when it said so, which may be some time ago
   */
  reported?(id: number, load: ReportedLoad, monotonicMs: number): void;
  /** Picks one of the candidates; undefined if there is none, or all are excluded. */
  pick(request: PickRequest): Server | undefined;
  /** Whether picks depend on the load, so that `shares()` is an estimate. */
  readonly picksByLoad?: boolean;
  /** The fraction of requests that each is meant to get, by id; they sum to 1. */
  shares(): ReadonlyMap<number, number>;
  /**
   * How likely each candidate is to be picked for a request, by id; nothing is picked, and the
   * random number of the request does not matter. Empty if there is none.
   */
  likely(request: PickRequest): ReadonlyMap<number, number>;
  /** A policy of the same kind for a part of the servers, which shares what this one learns. */
  part(): Policy;
}

/** The part of its share that a server gets at the beginning of its slow start. */
const LEAST_SLOW_START = 0.05;

/** The weight of each candidate, reduced during its slow start. If all weights are 0, all are 1. */
export function effectiveWeights(candidates: readonly Candidate[]): number[] {
  const weights = candidates.map(({ weight, slowStart }) =>
    Math.max(0, weight) * Math.max(LEAST_SLOW_START, slowStart)
  );
  return weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
}

/**
 * The fraction of each server, by id, in proportion to numbers; they sum to 1.
 *
 * @param isExcluded leaves out servers; a number of 0 counts only if no other is left
 */
export function sharesOf(
  servers: readonly Server[],
  parts: readonly number[],
  isExcluded?: (server: Server) => boolean,
): Map<number, number> {
  const left = servers.flatMap((server, i) =>
    isExcluded?.(server) === true ? [] : [[server.id, parts[i]!] as const]
  );
  const total = left.reduce((sum, [, part]) => sum + part, 0);
  return new Map(left.map(([id, part]) => [id, total > 0 ? part / total : 1 / left.length]));
}

/** The weight of the newest sample in the mean. */
const NEWEST = 0.5;

/** Throughputs within this factor count as equal. */
const NEARLY_EQUAL = 0.9;

/** The least speed of a server, as a part of the mean. */
const FLOOR = 0.01;

interface Memory {
  readonly sample: TransferSample;
  /** Bytes per millisecond. */
  readonly speed: number;
}

/** Throughputs averaged over rounds, so that one outlier does not change everything. */
export class SmoothedSpeeds {
  /** By id. */
  #memories = new Map<number, Memory>();

  /**
   * Adds the samples of a round. A known sample counts once; servers that are no longer candidates
   * are forgotten.
   *
   * @returns bytes per millisecond for each candidate: averaged over rounds, equal for those within
   *     a tenth of each other, and at least a hundredth of the mean
   */
  update(candidates: readonly Candidate[]): number[] {
    const memories = new Map<number, Memory>();
    for (const { server: { id }, sample } of candidates) {
      const before = this.#memories.get(id);
      const latest = throughputOf(sample);
      const speed = before === undefined ? latest : before.speed + NEWEST * (latest - before.speed);
      const isKnown = before !== undefined && isSameSample(sample, before.sample);
      memories.set(id, isKnown ? before : { sample, speed });
    }
    this.#memories = memories;
    const speeds = levelled([...memories.values()].map(({ speed }) => speed));
    const floor = FLOOR * speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length;
    return speeds.map((speed) => Math.max(floor, speed));
  }
}

/**
 * Replaces each by the mean of its group; a group reaches from its fastest down to a tenth less.
 */
function levelled(speeds: readonly number[]): number[] {
  const order = speeds.map((_, i) => i).sort((a, b) => speeds[b]! - speeds[a]!);
  const result = Array<number>(speeds.length);
  for (let first = 0; first < order.length;) {
    const least = speeds[order[first]!]! * NEARLY_EQUAL;
    let end = first, sum = 0;
    for (; end < order.length && speeds[order[end]!]! >= least; end++) sum += speeds[order[end]!]!;
    for (let i = first; i < end; i++) result[order[i]!] = sum / (end - first);
    first = end;
  }
  return result;
}
