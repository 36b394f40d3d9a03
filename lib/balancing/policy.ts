/**
 * The contract of a policy. The pool says which servers are available; a policy shares the clients
 * among them.
 *
 * @module
 */

import type { Server } from "./list/server.ts";
import type { TransferSample } from "./sample.ts";

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
  readonly isExcluded?: (server: Server) => boolean;
}

/** A way to pick servers. It has its own memory, does not wait and never throws. */
export interface Policy {
  /** Whether it uses the sizes of files. */
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
  /** Picks one of the candidates; undefined if there is none, or all are excluded. */
  pick(request: PickRequest): Server | undefined;
  /** Whether picks depend on the load, so that `shares()` is an estimate. */
  readonly picksByLoad?: boolean;
  /** The fraction of requests that each is meant to get, by id; they sum to 1. */
  shares(): ReadonlyMap<number, number>;
}
