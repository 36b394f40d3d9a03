/**
 * What servers are to be asked, and the clients that wait for the answers.
 *
 * @module
 */

import { copyOf } from "./target_table.ts";

/** A target that servers are to be asked about. */
export interface Question {
  readonly target: string;
  /** Requests for it. */
  wanted: number;
  /** The server to ask first. */
  first: number | undefined;
  /** A server that a client says to have failed. */
  doubted: number | undefined;
  /** The column to go on from. */
  next: number;
  /** Servers that are being asked. */
  inFlight: number;
  /** Answers until now. */
  answers: number;
  /** Ends the wait of clients for more answers, once a server is known to have the file. */
  comparison: { readonly answers: number; readonly cancel: () => void } | undefined;
  /** Each lets a client go on that waits for the first servers with the file. */
  readonly waiting: Set<() => void>;
  /** Each lets a client go on that waits for all answers. */
  readonly waitingForAll: Set<() => void>;
}

/** Nothing was asked about the target yet. @param next the column to begin at */
export function questionAbout(target: string, next: number): Question {
  return {
    target: copyOf(target),
    wanted: 0,
    first: undefined,
    doubted: undefined,
    next,
    inFlight: 0,
    answers: 0,
    comparison: undefined,
    waiting: new Set(),
    waitingForAll: new Set(),
  };
}

/** Whether a client waits for answers. */
export function isAwaited({ waiting, waitingForAll }: Question): boolean {
  return waiting.size > 0 || waitingForAll.size > 0;
}

/** Lets all clients go on that wait. */
export function release(question: Question): void {
  releaseFirst(question);
  wake(question.waitingForAll);
}

/** Lets clients go on that wait for the first servers with the file. */
export function releaseFirst(question: Question): void {
  question.comparison?.cancel();
  question.comparison = undefined;
  wake(question.waiting);
}

function wake(waiting: Set<() => void>): void {
  for (const resolve of waiting) resolve();
  waiting.clear();
}
