/**
 * All limits of time of a connection, and the one coarse timer that checks them: a deadline is a
 * number, not a timer of its own.
 *
 * @module
 */

import { Bag, type Indexed } from "./collections.ts";

/** How long a peer may keep a connection waiting. */
export interface Deadlines {
  /** A request head, from its first byte to its last: 408. A TLS handshake: close. */
  readonly headMs: number;
  /** A whole request body: 408. */
  readonly bodyMs: number;
  /** A kept connection without a request: close. */
  readonly idleMs: number;
  /** A peer that reads nothing of what is sent: close. */
  readonly writeMs: number;
  /** Reading away what a peer sends after the last reply, so that it gets that reply. */
  readonly lingerMs: number;
}

/** The deadlines of every role. */
export const DEADLINES: Deadlines = {
  headMs: 10_000,
  bodyMs: 10_000,
  idleMs: 60_000,
  writeMs: 60_000,
  lingerMs: 2_000,
};

/** How often deadlines are checked: one expires up to twice as much later, and never early. */
const SWEEP_MS = 100;

/** Something with a deadline. */
export interface Watched extends Indexed {
  /** By `monotonicMs()`; Infinity if there is none at present. */
  readonly deadline: number;
  /** Called at every sweep after the deadline, until it is changed or unwatched. */
  expire(): void;
}

const watched = new Bag<Watched>();
let isSweeping = false;

/** More time between two sweeps is a pause of this process, which is no peer's fault. */
const LONGEST_STEP_MS = 500;

let time = 0;
let lookedAt = performance.now();
let paused = 0;

/**
 * The clock of deadlines, as of the last sweep and without pauses of the process. It is not that of
 * `performance.now()`: a native call for each wait would be 6 % of what a redirect costs beside its
 * system calls.
 */
export function monotonicMs(): number {
  return time;
}

/**
 * The sum of all pauses of this process while deadlines were watched: stopped by a signal, frozen with
 * its machine, or without the processor. Short pauses are not noticed.
 */
export function pausedMs(): number {
  const step = isSweeping ? performance.now() - lookedAt : 0;
  return paused + Math.max(0, step - LONGEST_STEP_MS);
}

/** Calls `expire` when the deadline has passed, until `unwatch`. */
export function watch(it: Watched): void {
  watched.add(it);
  if (isSweeping) return;
  isSweeping = true;
  lookedAt = performance.now();
  sweepLater();
}

/** Ends `watch`. */
export function unwatch(it: Watched): void {
  watched.delete(it);
}

/** Not by `setTimeout`, which loads modules of Node: 5 ms of the 31 of a small download. */
function sweepLater(): void {
  AbortSignal.timeout(SWEEP_MS).addEventListener("abort", sweep);
}

function sweep(): void {
  const lookedBefore = lookedAt;
  lookedAt = performance.now();
  const step = lookedAt - lookedBefore;
  time += Math.min(LONGEST_STEP_MS, step);
  paused += Math.max(0, step - LONGEST_STEP_MS);
  isSweeping = watched.size > 0;
  if (!isSweeping) return;
  sweepLater(); // First, so that an `expire` that throws does not end all deadlines.
  for (const it of watched) {
    if (it.deadline + SWEEP_MS <= time) it.expire();
  }
}
