/**
 * What a request for an action says: the server, the action and its parameters.
 *
 * @module
 */

import { duration } from "../../cli/option.ts";
import { quote } from "../list/endpoint.ts";
import { HIGHEST_WEIGHT } from "../list/server.ts";
import type { NewAction } from "../operations.ts";

/** An action, as far as it does not depend on the server. */
export type Command =
  | { readonly name: "enable" }
  | { readonly name: "test" }
  | {
    readonly name: "act";
    readonly action: NewAction;
    /** How long to wait for the server's transfers, in ms; null for not at all. */
    readonly waitMs: number | null;
  };

/** Why a request for an action is none: one line for the user, and a status code, 400 or 404. */
export class ActionError extends Error {
  constructor(readonly statusCode: 400 | 404, message: string) {
    super(message);
  }
}

/** The parameters that each action may have. */
const PARAMETERS = {
  drain: ["reason", "for", "wait"],
  out: ["reason", "for", "wait"],
  weight: ["value", "reason", "for"],
  enable: [],
  test: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type ActionName = keyof typeof PARAMETERS;

/** The most characters of a reason. */
const MOST_REASON = 200;

const DURATION = duration();

/** The parts of `/servers/NAME/ACTION`; a name may have slashes. */
const PATH = /^\/servers\/(.+)\/([^/]*)$/;

/** Whether a path is that of an action, whatever it names. */
export function isActionPath(path: string): boolean {
  return PATH.test(path);
}

/**
 * Reads a path and a query.
 *
 * @param target `/servers/NAME/ACTION`, maybe with a query; the name may be percent-encoded
 * @throws {ActionError} if there is no such action, or a parameter is wrong
 */
export function parseAction(
  target: string,
): { readonly server: string; readonly command: Command } {
  const [path = "", query = ""] = target.split(/\?(.*)/s, 2);
  const [, encoded = "", action = ""] = PATH.exec(path) ?? [];
  if (!isAction(action)) {
    const names = Object.keys(PARAMETERS).join(", ");
    throw new ActionError(404, `${quote(action)} is none of the actions ${names}`);
  }
  return { server: decoded(encoded), command: commandOf(action, parametersOf(action, query)) };
}

function isAction(name: string): name is ActionName {
  return Object.hasOwn(PARAMETERS, name);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ActionError(400, `${quote(text)} is not percent-encoded UTF-8`);
  }
}

function parametersOf(action: ActionName, query: string): ReadonlyMap<string, string> {
  const accepted: readonly string[] = PARAMETERS[action];
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!accepted.includes(name)) {
      const which = accepted.length === 0 ? "none" : accepted.join(", ");
      throw new ActionError(400, `${quote(name)} is no parameter of ${action}, which has ${which}`);
    }
    if (values.has(name)) throw new ActionError(400, `${name} is given twice`);
    values.set(name, value);
  }
  return values;
}

function commandOf(action: ActionName, values: ReadonlyMap<string, string>): Command {
  if (action === "enable" || action === "test") return { name: action };
  const reason = values.get("reason");
  const terms = {
    reason: reason === undefined ? null : parseReason(reason),
    forMs: durationIn(values, "for"),
  };
  const newAction: NewAction = action === "weight"
    ? { kind: action, weight: parseWeight(values.get("value")), ...terms }
    : { kind: action, ...terms };
  return { name: "act", action: newAction, waitMs: durationIn(values, "wait") };
}

function parseReason(text: string): string {
  const reason = text.trim();
  const isLine = !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(reason);
  if (isLine && reason !== "" && [...reason].length <= MOST_REASON) return reason;
  throw new ActionError(400, `reason must be one line of up to ${MOST_REASON} characters`);
}

function parseWeight(text = ""): number {
  const weight = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (weight === 0) throw new ActionError(400, "value=0 is no weight: drain a server instead");
  if (weight <= HIGHEST_WEIGHT) return weight;
  throw new ActionError(400, `value must be a number from 1 to ${HIGHEST_WEIGHT}`);
}

function durationIn(values: ReadonlyMap<string, string>, name: string): number | null {
  const text = values.get(name);
  if (text === undefined) return null;
  const ms = DURATION.parse(text);
  if (ms === undefined) {
    throw new ActionError(400, `${name}=${quote(text)}: ${DURATION.expected} is accepted`);
  }
  return ms;
}
