/**
 * What happens to a server, in words for people and as data for programs.
 *
 * @module
 */

import { format as formatBytes } from "@std/fmt/bytes";
import { format as formatDuration } from "@std/fmt/duration";
import type { Action, ActionKind, Actions } from "./actions.ts";
import { throughputOf, type TransferSample, type Transition } from "./health.ts";
import { placeText } from "./list/place.ts";
import type { ListingChanges, Server } from "./list/server.ts";

/** Something that happened to one server. */
export type ServerEvent =
  | Transition
  | { readonly kind: "listed"; readonly foundBy: string | undefined }
  | { readonly kind: "unlisted" }
  | { readonly kind: "changed"; readonly changes: ListingChanges }
  /** Passed a second test after one that failed. */
  | { readonly kind: "retested"; readonly reason: string }
  /** Its test file is not that of the other servers. */
  | { readonly kind: "different"; readonly reason: string }
  /** An operator has acted; this is in force from now on. */
  | { readonly kind: "action"; readonly action: Action }
  /** The same; these are taken back. */
  | { readonly kind: "enabled"; readonly actions: Actions }
  /** The same: it is to be tested now. */
  | { readonly kind: "requested" }
  /** The time of an action is over. */
  | { readonly kind: "actionEnded"; readonly action: Action };

/** A server's event in words, without its name. */
export function wordsFor(event: ServerEvent): string {
  switch (event.kind) {
    case "listed":
      return event.foundBy === undefined ? "is new in the list" : `is new, by ${event.foundBy}`;
    case "unlisted":
      return "is in the list no more, and gets no more clients";
    case "changed":
      return `has changed in the list: ${changesInWords(event.changes).join(", ")}`;
    case "available":
      return `is available: ${transferOf(event.sample)}`;
    case "failing":
      return `has failed ${event.streak} of ${event.fall} tests that take it out: ${event.reason}`;
    case "out":
      return event.fall === 1
        ? `is out: ${event.reason}`
        : `is out, after ${event.streak} failed tests in a row: ${event.reason}`;
    case "recovering":
      return `has passed ${event.streak} of ${event.rise} tests that bring it back`;
    case "returned":
      return `is back after ${spanOf(event.outMs)}, with the lowest share at first: ` +
        transferOf(event.sample);
    case "retested":
      return `has passed a second look, after a test that failed: ${event.reason}`;
    case "different":
      return `differs from the farm: ${event.reason}`;
    case "action":
      return actionInWords(event.action);
    case "enabled":
      return `is enabled by an operator, who takes back: ${kindsOf(event.actions).join(", ")}`;
    case "requested":
      return "is tested now, since an operator asks for it";
    case "actionEnded":
      return `${ENDED_WORDS[event.action.kind]}: the time of that action is over`;
  }
}

/** A server's event as plain data. */
export function recordOf(server: Server, event: ServerEvent): Record<string, unknown> {
  switch (event.kind) {
    case "action":
      return { event: "action", server: server.authority, ...actionRecordOf(event.action) };
    case "enabled": {
      const ended = kindsOf(event.actions);
      return { event: "action", server: server.authority, action: "enable", ended };
    }
    case "requested":
      return { event: "action", server: server.authority, action: "test" };
    case "actionEnded":
      return { event: event.kind, server: server.authority, action: event.action.kind };
    default:
      return otherRecordOf(server, event);
  }
}

/** What is recorded of what no operator has done. */
function otherRecordOf(
  server: Server,
  event: Exclude<ServerEvent, { kind: "action" | "enabled" | "requested" | "actionEnded" }>,
): Record<string, unknown> {
  const { kind, ...numbers } = event;
  if (kind === "changed") {
    return { event: kind, server: server.authority, changes: changesInWords(event.changes) };
  }
  if (!("sample" in numbers)) return { event: kind, server: server.authority, ...numbers };
  const { sample, ...others } = numbers;
  return { event: kind, server: server.authority, ...measurementOf(sample), ...others };
}

const ACTION_WORDS = { drain: "is drained", out: "is taken out" } as const;

const ENDED_WORDS = {
  drain: "is drained no more",
  out: "is held out no more",
  weight: "has its listed weight again",
} as const;

function actionInWords(action: Action): string {
  const what = action.kind === "weight"
    ? `has the weight ${action.weight}`
    : ACTION_WORDS[action.kind];
  const until = action.until === null ? "" : ` until ${new Date(action.until).toISOString()}`;
  const reason = action.reason === null ? "" : `: ${action.reason}`;
  return `${what} by an operator${until}${reason}`;
}

function actionRecordOf(action: Action): object {
  const { kind, reason, until } = action;
  return {
    action: kind,
    ...(action.kind === "weight" && { weight: action.weight }),
    ...(reason !== null && { reason }),
    ...(until !== null && { until: new Date(until).toISOString() }),
  };
}

function kindsOf(actions: Actions): ActionKind[] {
  return actions.map(({ kind }) => kind);
}

function changesInWords(
  { weight, isDrained, priority, publicUrl, place }: ListingChanges,
): string[] {
  const words: string[] = [];
  if (weight !== undefined) words.push(`its weight is ${Math.round(weight * 100) / 100}`);
  if (isDrained !== undefined) words.push(isDrained ? "it is drained" : "it is drained no more");
  if (priority !== undefined) {
    words.push(priority.after > priority.before ? "it steps back" : "it comes to the fore");
  }
  if (publicUrl !== undefined) words.push(`clients are sent to ${publicUrl}`);
  if (place !== undefined) words.push(`its place is ${placeText(place) || "not listed any more"}`);
  return words;
}

/** A transfer in words, such as `1 MiB in 12.3 ms, 81 MiB/s`. */
export function transferOf(sample: TransferSample): string {
  const { elapsedMs, isPartial } = sample;
  const perSecond = formatBytes(throughputOf(sample) * 1000, { binary: true });
  const partial = isPartial ? "; partial, since its time was over" : "";
  return `${sizeOf(sample)} in ${elapsedMs.toFixed(1)} ms, ${perSecond}/s${partial}`;
}

/** The size of a transfer, such as `1 MiB`. */
export function sizeOf({ bytes }: TransferSample): string {
  return formatBytes(bytes, { binary: true });
}

/** A measurement as plain data; `partial` only if it is. */
export function measurementOf({ bytes, elapsedMs, isPartial }: TransferSample): object {
  return isPartial ? { bytes, elapsedMs, partial: true } : { bytes, elapsedMs };
}

/** A duration in whole seconds, such as `3m 20s`. */
function spanOf(ms: number): string {
  const whole = Math.max(1000, Math.round(ms / 1000) * 1000);
  return formatDuration(whole, { ignoreZero: true });
}
