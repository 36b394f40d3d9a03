/**
 * Unexpected errors: their form in logs, and the handling of uncaught ones.
 *
 * @module
 */

import { quoted } from "./console.ts";

/** What was under way when an error occurred. */
export interface FaultContext {
  /** The client's address. */
  readonly client?: string;
  /** Its request line, untrusted, one character a byte. */
  readonly request?: string;
}

/** An error for programs. */
export interface ErrorRecord {
  /** The type of a value that is no error. */
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorRecord;
}

/** A log of unexpected errors, after which the process continues. */
export interface FaultLog {
  /** Never throws. */
  error(error: unknown): void;
  flush(): Promise<void>;
}

/** Causes may be circular. */
const MOST_CAUSES = 8;

/** Errors of the machine, such as a full disk: no fault of the code, so a stack says nothing. */
const MACHINE_CODES: ReadonlySet<unknown> = new Set(
  ["EDQUOT", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC", "EROFS", "ESTALE"],
);

/** A record of any thrown value. Never throws. */
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
 * An error as one line: message, context, stack and causes, with ` | ` between them; of a fault of
 * the machine only message and context.
 */
export function faultText(error: unknown, { client, request }: FaultContext = {}): string {
  const record = errorRecord(error);
  const parts = [record.message === "" ? record.name : record.message];
  if (client !== undefined) parts.push(`client ${client}`);
  if (request !== undefined) parts.push(`request ${quoted(request)}`);
  if (isOfMachine(error)) return parts.join(" | ");
  parts.push(record.name, ...framesOf(record));
  for (let it = record.cause; it !== undefined; it = it.cause) {
    parts.push(`caused by ${it.name}: ${it.message}`, ...framesOf(it));
  }
  return parts.join(" | ");
}

function isOfMachine(error: unknown): boolean {
  return error instanceof Error && "code" in error && MACHINE_CODES.has(error.code);
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

/** Makes the process log uncaught errors and continue. */
export function logFaults(it: FaultLog): void {
  log = it;
}

/** The log of uncaught errors; undefined if each ends the process. */
export function faultLog(): FaultLog | undefined {
  return log;
}

/**
 * Catches errors that no code caught: logs them, or calls `end` if there is no log. Also makes writing
 * beyond the limit of a file's size (SIGXFSZ) fail instead of ending the process.
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
  // With the first signal listener Deno catches SIGHUP as well and ends the process at it, unless
  // there is a listener for it: a role's own has to come first.
  queueMicrotask(() => Deno.addSignalListener("SIGXFSZ", () => {}));
}
