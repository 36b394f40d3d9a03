/**
 * Unexpected errors: their form in logs, and the handlers of those that no code catches.
 *
 * @module
 */

import { quoted } from "./console.ts";

/** What was under way when an error showed. */
export interface FaultContext {
  /** The client's address. */
  readonly client?: string;
  /** Its request line, untrusted, one character a byte. */
  readonly request?: string;
}

/** An error for programs. */
export interface ErrorRecord {
  /** Of an error its name, of any other value its type. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Where it was made, a line each. */
  readonly stack?: string;
  /** What led to it. */
  readonly cause?: ErrorRecord;
}

/** Log of unexpected errors, after which the process continues. */
export interface FaultLog {
  /** Logs one. Never throws. */
  error(error: unknown): void;
  /** Waits until all is written. */
  flush(): Promise<void>;
}

/** Causes may go in a circle. */
const MOST_CAUSES = 8;

/** Anything that can be thrown, as a record. Never throws. */
export function errorRecord(error: unknown, mostCauses: number = MOST_CAUSES): ErrorRecord {
  if (!(error instanceof Error)) return { name: typeof error, message: textOf(error) };
  const { name, message, stack, cause } = error;
  const hasCause = cause !== undefined && mostCauses > 0;
  return {
    name: textOf(name),
    message: textOf(message),
    ...(typeof stack === "string" && { stack }),
    ...(hasCause && { cause: errorRecord(cause, mostCauses - 1) }),
  };
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "?"; // An object without a prototype.
  }
}

/**
 * An error as one line: its message, what was under way, and its stack and causes, with ` | `
 * between them.
 */
export function faultText(error: unknown, { client, request }: FaultContext = {}): string {
  const record = errorRecord(error);
  const parts = [record.message === "" ? record.name : record.message];
  if (client !== undefined) parts.push(`client ${client}`);
  if (request !== undefined) parts.push(`request ${quoted(request)}`);
  parts.push(record.name, ...framesOf(record));
  for (let it = record.cause; it !== undefined; it = it.cause) {
    parts.push(`caused by ${it.name}: ${it.message}`, ...framesOf(it));
  }
  return parts.join(" | ");
}

function framesOf({ stack = "" }: ErrorRecord): string[] {
  return stack.split("\n").filter((line) => /^ +at /.test(line)).map((line) => line.trim());
}

/** The same as a record for programs. */
export function faultRecord(error: unknown, context: FaultContext = {}): object {
  const record = errorRecord(error);
  return { event: "error", message: record.message, ...context, error: record };
}

let log: FaultLog | undefined;

/** From now on uncaught errors are logged, and the process continues. */
export function logFaults(it: FaultLog): void {
  log = it;
}

/** The log of uncaught errors; undefined while each ends the process. */
export function faultLog(): FaultLog | undefined {
  return log;
}

/**
 * From now on uncaught errors are logged, or passed to `end` while there is no log; and writing
 * beyond the limit of a file's size (SIGXFSZ) fails instead of ending the process.
 */
export function catchFaults(end: (error: unknown) => void): void {
  const take = (event: Event, error: unknown) => {
    event.preventDefault();
    if (log === undefined) end(error);
    else log.error(error);
  };
  addEventListener("error", (event) => take(event, event.error));
  addEventListener("unhandledrejection", (event) => take(event, event.reason));
  if (Deno.build.os === "windows") return;
  // Deno catches SIGHUP as well from the first listener on, of whichever signal, and then ends the
  // process at it: a role's own listener is to be there first.
  queueMicrotask(() => Deno.addSignalListener("SIGXFSZ", () => {}));
}
