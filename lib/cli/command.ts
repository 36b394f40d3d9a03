/**
 * What a command is: its table of options, and the errors that end it.
 *
 * @module
 */

import type { Options } from "./option.ts";

/** Ends the command with a message of one line and an exit status. */
export class CommandError extends Error {
  /** The message is shown to the user as it is, after the command's name. */
  constructor(message: string, readonly exitStatus: number, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A mistake in the arguments; exit status 2. */
export class UsageError extends CommandError {
  /** The message names the argument as typed and says what is accepted. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, 2, options);
  }
}

/** What a command's arguments mean and what its `--help` says. */
export interface Command<O extends Options> {
  /** `balancer` for `balancer.ts`. */
  readonly name: string;
  /** The permission flags it is run with, such as `--allow-net`. */
  readonly permissions: string;
  /** What follows the script's name, such as `[OPTIONS] SERVER...`. */
  readonly synopsis: string;
  /** What it does, in a sentence or two. */
  readonly summary: string;
  /** What each operand in the synopsis means, by its placeholder. */
  readonly operands: Readonly<Record<string, string>>;
  /** Its options besides `--help` and `--version`, in the order in which help lists them. */
  readonly options: O;
  /** The end of the help, such as examples: lines of at most 80 columns, shown as they are. */
  readonly notes: string;
}
