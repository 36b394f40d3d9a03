/**
 * What operators have ordered of servers while the balancer runs. An action wins over the list until
 * it is taken back, or its time is over. Time is an argument.
 *
 * @module
 */

import { HIGHEST_WEIGHT, probeKey, type Server } from "./list/server.ts";

/** Why an action was taken, when, and until when; times are in milliseconds since the epoch. */
interface ActionTerms {
  /** As the operator wrote it; null if nothing was given. */
  readonly reason: string | null;
  readonly since: number;
  /** When it ends by itself; null if it has to be taken back. */
  readonly until: number | null;
}

/**
 * An action in force. A server with `drain` is tested but gets no new clients; with `out` it is
 * treated as if it had failed, and not tested; `weight` takes the place of its listed weight.
 */
export type Action =
  | ActionTerms & { readonly kind: "drain" | "out" }
  | ActionTerms & { readonly kind: "weight"; readonly weight: number };

/** What an action does. */
export type ActionKind = Action["kind"];

/** The actions that one server may have at a time: at most one of `drain` and `out`, and `weight`. */
export type Actions = readonly Action[];

/** No action, as of most servers. */
export const NO_ACTIONS: Actions = [];

/** Whether two actions exclude each other: the newer one counts. */
function isSameSlot(a: Action, b: Action): boolean {
  return (a.kind === "weight") === (b.kind === "weight");
}

/** Adds an action in place of those that it excludes. */
export function withAction(actions: Actions, action: Action): Actions {
  return [...actions.filter((it) => !isSameSlot(it, action)), action];
}

/** Divides actions into those that go on, and those whose time is over. */
export function withoutEnded(
  actions: Actions,
  epochMs: number,
): { readonly lasting: Actions; readonly ended: Actions } {
  const isOver = ({ until }: Action) => until !== null && until <= epochMs;
  return { lasting: actions.filter((it) => !isOver(it)), ended: actions.filter(isOver) };
}

/** A server as it is used: its listing, except where an action wins. */
export function applyActions(listed: Server, actions: Actions): Server {
  let server = listed;
  for (const action of actions) {
    if (action.kind === "drain") server = { ...server, isDrained: true };
    if (action.kind === "weight") server = { ...server, weight: action.weight };
  }
  return server;
}

/** The action that takes a server out; undefined if none does. */
export function outAction(actions: Actions): Action | undefined {
  return actions.find(({ kind }) => kind === "out");
}

/** Why a server is out by an action, as a failure is worded. */
export function outReason({ reason }: Action): string {
  return reason === null ? "an operator took it out" : `an operator took it out: ${reason}`;
}

/** Actions of one server as plain data: they outlive the process. */
export interface SavedActions {
  /** Its `probeKey`. */
  readonly server: string;
  readonly actions: Actions;
}

/** The actions in force, as plain data. */
export function savedActions(
  records: Iterable<{ readonly server: Server; readonly actions: Actions }>,
): SavedActions[] {
  return [...records].filter(({ actions }) => actions.length > 0)
    .map(({ server, actions }) => ({ server: probeKey(server), actions }));
}

/** Reads saved actions, by the `probeKey` of their servers. @returns undefined if it is none */
export function readSavedActions(content: unknown): ReadonlyMap<string, Actions> | undefined {
  if (!Array.isArray(content) || !content.every(isSaved)) return undefined;
  return new Map(content.map(({ server, actions }) => [server, actions]));
}

function isSaved(value: unknown): value is SavedActions {
  const { server, actions } = (value ?? {}) as Partial<SavedActions>;
  return typeof server === "string" && Array.isArray(actions) && actions.every(isAction) &&
    actions.every((a, i) => actions.slice(0, i).every((b) => !isSameSlot(a, b)));
}

function isAction(value: unknown): boolean {
  const { kind, reason, since, until, ...rest } = (value ?? {}) as Record<string, unknown>;
  const hasTerms = (reason === null || typeof reason === "string") && Number.isFinite(since) &&
    (until === null || Number.isFinite(until));
  if (kind === "weight") return hasTerms && isWeight(rest.weight);
  return hasTerms && (kind === "drain" || kind === "out");
}

/** Whether a value can be the weight of a server; one of DNS may be a fraction. */
export function isWeight(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= HIGHEST_WEIGHT;
}
