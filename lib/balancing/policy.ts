/**
 * What the balancer asks of every way to choose a server. The pool says who may be picked at all
 * (available, not drained, backups only when they must); a policy shares the clients among those.
 *
 * @module
 */

import type { Server } from "./list/server.ts";
import type { TransferSample } from "./sample.ts";

/** A server that may be picked, and what is known of it. */
export interface Candidate {
  /** The same object every time: policies remember servers by identity. */
  readonly server: Server;
  /** Its latest transfer of a round that has ended; another object only when it is another one. */
  readonly sample: TransferSample;
  /** How much of its share it is to have: 1 is all of it, 0 none unless everyone's is 0. */
  readonly weight: number;
  /**
   * How far it has come back after having been out: from 0, the lowest share, to 1, all that is
   * its due. It is 1 for one that never left.
   */
  readonly slowStart: number;
}

/** Who asks for what. */
export interface PickRequest {
  /** The client's address, without its port. */
  readonly client: string;
  /** Path and query as they were received. */
  readonly target: string;
  /** Milliseconds on a clock that never goes back; where it started does not matter. */
  readonly monotonicMs: number;
  /** Evenly distributed, at least 0 and less than 1. */
  readonly random: number;
  /** What the client will be sent, in octets: 0 for a HEAD; undefined where it is not known. */
  readonly bytes?: number | undefined;
  /** Whom this request is not to be sent to; absent when anyone will do. */
  readonly isExcluded?: (server: Server) => boolean;
}

/** A way to choose servers. It keeps its own memory, waits for nothing and never throws. */
export interface Policy {
  /** Whether it is worth finding out how large files are. */
  readonly wantsSizes?: boolean;
  /**
   * The candidates are others, or have other samples: a round ended, or a server left or came
   * back. What the policy has learnt of those that stay is kept.
   *
   * @param monotonicMs on the clock of `PickRequest`.
   */
  update(candidates: readonly Candidate[], monotonicMs: number): void;
  /**
   * A probe passed at `monotonicMs`, inside a round that still goes on; it means nothing if the server is no
   * candidate. Only policies for which freshness counts have this; the sample comes again with the
   * next `update()`.
   */
  measured?(server: Server, sample: TransferSample, monotonicMs: number): void;
  /** One of the candidates; undefined when there is none, or all are excluded. */
  pick(request: PickRequest): Server | undefined;
  /** Whether picks depend on the load, so that `shares()` is an estimate until clients come. */
  readonly picksByLoad?: boolean;
  /** The fraction of requests that each is meant to get, for people to see; they sum to 1. */
  shares(): ReadonlyMap<Server, number>;
}
