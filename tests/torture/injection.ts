/**
 * What is told to a role's process about the failure that awaits it, and what it tells afterwards.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import type { Point } from "./points.ts";

/** A failure that awaits a process. */
export interface Injection {
  readonly point: Point;
  /** The first call of the point that fails, from 1. */
  readonly nth: number;
  /** Whether all later ones fail as well. */
  readonly isLasting: boolean;
}

/** What is read from the environment of the process. */
export interface InjectionSettings extends Injection {
  /** Where it writes its report. */
  readonly report: string;
  /** IPv4 addresses of names in DNS. */
  readonly hosts: Readonly<Record<string, string>>;
}

/** What a process told. */
export interface InjectionReport {
  /** The call that failed first, with its callers; undefined if there were fewer than `nth`. */
  readonly stack: string | undefined;
  /** Open files at its end, or descriptors of one that listens; undefined if it was killed. */
  readonly descriptors: number | undefined;
}

/** The variable of the environment that has the settings, in JSON. */
export const VARIABLE = "TORTURE";

const PRELOADED = fromFileUrl(new URL("inject.ts", import.meta.url));

/** Deno's flags that make a role meet its failure. */
export const FLAGS: readonly string[] = ["-A", `--preload=${PRELOADED}`];

/** Whether the process of a report has met its failure. */
export function hasFailed(path: string): boolean {
  try {
    Deno.statSync(`${path}.stack`);
    return true;
  } catch {
    return false;
  }
}

/** Reads a report, and removes it. */
export function takeReport(path: string): InjectionReport {
  const descriptors = readOptional(`${path}.end`);
  return {
    stack: readOptional(`${path}.stack`),
    descriptors: descriptors === undefined ? undefined : Number(descriptors),
  };
}

function readOptional(path: string): string | undefined {
  try {
    const text = Deno.readTextFileSync(path);
    Deno.removeSync(path);
    return text;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
