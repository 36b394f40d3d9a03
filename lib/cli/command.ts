/**
 * What a command is: its table of options, and the errors that end it.
 *
 * @module
 */

import type { Options } from "./option.ts";

/** Ends the command with a message of one line, after the command's name, and an exit status. */
export class CommandError extends Error {
  constructor(message: string, readonly exitStatus: number, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A mistake in the arguments; exit status 2. */
export class UsageError extends CommandError {
  /** @param message names the argument as typed and what is accepted */
  constructor(message: string, options?: ErrorOptions) {
    super(message, 2, options);
  }
}

/** A command's options, and the texts of its `--help`. */
export interface Command<O extends Options> {
  /** `balancer` for `balancer.ts`. */
  readonly name: string;
  /** Permission flags, such as `--allow-net`. */
  readonly permissions: string;
  /** Follows the script's name, such as `[OPTIONS] SERVER...`. */
  readonly synopsis: string;
  readonly summary: string;
  /** The meaning of operands, by their placeholders. */
  readonly operands: Readonly<Record<string, string>>;
  /** Besides `--help` and `--version`, in the order of help. */
  readonly options: O;
  /** The end of the help: lines of at most 80 columns, shown as they are. */
  readonly notes: string;
}
