/**
 * What every part of one download is given: how servers are reached, when one is given up or tried
 * again, what is told of it, and what servers have done so far.
 *
 * @module
 */

import type { ResponseHead } from "../http/response.ts";
import type { AttemptLog } from "./attempts.ts";
import type { ExpectedContent } from "./expected_content.ts";
import type { Sources } from "./sources.ts";
import type { TargetUri } from "./requests/target_uri.ts";
import type { WireObserver } from "./requests/connections.ts";
import type { Transport } from "./requests/transport.ts";

/** After how long of silence another server is asked for, beside the one that is silent. */
export interface SilenceLimits {
  /** While its content arrives, in ms; more where this answer has been silent for long before. */
  readonly contentMs: number;
  /** From the connecting to the end of the head, in ms. */
  readonly headMs: number;
  /** Before a part is discarded for a server with other content, in ms; more where it took longer. */
  readonly startOverMs: number;
}

/** The limits of the client. TCP itself may need a second to send again what was lost on the way. */
export const SILENCE_LIMITS: SilenceLimits = {
  contentMs: 2000,
  headMs: 4000,
  startOverMs: 4000,
};

/** When a server is given up, and tried again. */
export interface RetryRules {
  /** How many tries with servers that have failed before. */
  readonly retries: number;
  /** A server that sends fewer bytes per second over the transport's timeout fails; 0 for any. */
  readonly minSpeed: number;
  readonly silence: SilenceLimits;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Any clock that never goes back. */
  readonly monotonicMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

/** Receives the events of a download. */
export interface Observer extends WireObserver {
  /** A final response: with a redirect, where it leads; and what was asked for. */
  readonly onResponse: (
    head: ResponseHead,
    redirect: TargetUri | undefined,
    uri: TargetUri,
  ) => void;
  readonly onNotice: (text: string) => void;
  /** How much of the content is there, of how much, in bytes, and which server sends. */
  readonly onProgress: (received: number, length: number | undefined, server: string) => void;
}

/** How downloads are done: the same for each URI. */
export interface DownloadSettings {
  readonly transport: Transport;
  readonly retry: RetryRules;
  readonly observer: Observer;
}

/** One download: passed whole to whatever takes part in it. */
export interface DownloadContext extends DownloadSettings {
  /** Where its tries begin. */
  readonly sources: Sources;
  /** What is known of the content beforehand; undefined for nothing. */
  readonly expected?: ExpectedContent | undefined;
  readonly attempts: AttemptLog;
}
