/**
 * Every bound of time of a connection, in ms, and the one coarse timer that watches over them:
 * a deadline is a number that is looked at now and then, not a timer of its own.
 *
 * @module
 */

import { Bag, type Indexed } from "./collections.ts";

/** How long a peer may keep a connection waiting, in ms. */
export interface Deadlines {
  /** A request head, from its first byte to its last. Then: 408. A TLS handshake. Then: close. */
  readonly headMs: number;
  /** A request body that is read away, as a whole. Then: 408. */
  readonly bodyMs: number;
  /** A kept connection without a request. Then: close. */
  readonly idleMs: number;
  /** A peer that reads nothing of what is sent to it. Then: close. */
  readonly writeMs: number;
  /** Reading away what a peer still sends after its last reply, so that it gets that reply. */
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

/** How often deadlines are looked at, and the clock is: one is never early, and up to twice late. */
const SWEEP_MS = 100;

/** Something with a deadline. */
export interface Watched extends Indexed {
  /** When, on the clock of `monotonicMs()`; Infinity for not at present. */
  readonly deadline: number;
  /** Called when it has passed, at every sweep until the deadline is moved or unwatched. */
  expire(): void;
}

const watched = new Bag<Watched>();
/** Whether a sweep is due; it is even when nothing is watched any more. */
let isSweeping = false;

/** More than that between two sweeps was a pause of this process, for which no peer is to blame. */
const LONGEST_STEP_MS = 500;

let time = 0;
let lookedAt = performance.now();
let paused = 0;

/**
 * The clock of deadlines: ms that never jump, as of the last sweep, pauses of the process left out.
 * Finer time would be a native call for each wait, and 6 % of what a redirect costs beside its
 * system calls.
 */
export function monotonicMs(): number {
  return time;
}

/**
 * How long this process has stood still in all, in ms, as far as deadlines were watched meanwhile:
 * stopped by a signal, frozen with its machine, or kept from the processor. Short pauses are not
 * seen.
 */
export function pausedMs(): number {
  const step = isSweeping ? performance.now() - lookedAt : 0;
  return paused + Math.max(0, step - LONGEST_STEP_MS);
}

/** From now on `expire` is called once the deadline has passed. */
export function watch(it: Watched): void {
  watched.add(it);
  if (isSweeping) return;
  isSweeping = true;
  lookedAt = performance.now();
  sweepLater();
}

/** The deadline does not matter any more. */
export function unwatch(it: Watched): void {
  watched.delete(it);
}

/** Not by `setTimeout`: for it Deno loads Node's modules, 5 ms of the 31 that a small download took. */
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
  sweepLater(); // First, so that one that throws does not end all deadlines.
  for (const it of watched) {
    if (it.deadline + SWEEP_MS <= time) it.expire();
  }
}
