/**
 * What the user wants sent beside our own fields: those of `--header`, and Basic credentials. Each
 * goes to the origin that it is meant for, and nowhere else.
 *
 * @module
 */

import { UsageError } from "../../cli/command.ts";
import type { FieldLine } from "../../http/fields.ts";
import type { ClientOptions } from "../client_options.ts";
import type { Netrc } from "./netrc.ts";
import { isSameOrigin, type TargetUri, type Userinfo } from "./target_uri.ts";

/** The options that say what is sent. */
export type UserFieldOptions = Pick<
  ClientOptions,
  "header" | "header-everywhere" | "user" | "netrc"
>;

/** The credentials of Basic authentication, in UTF-8 (RFC 7617 §2). */
export function basicCredentials({ name, password = "" }: Userinfo): string {
  return `Basic ${new TextEncoder().encode(`${name}:${password}`).toBase64()}`;
}

/** The user's fields, for all downloads of a run. */
export class UserFields {
  readonly #options: UserFieldOptions;
  readonly #netrc: Netrc | undefined;

  constructor(options: UserFieldOptions, netrc?: Netrc) {
    this.#options = options;
    this.#netrc = netrc;
  }

  /**
   * What is sent for a URI.
   *
   * @param typed where the download began: headers and `--user` are meant for its origin, unless
   *     `--header-everywhere` is given. Entries of a netrc file are meant for the machine they name.
   */
  fieldsFor(uri: TargetUri, typed: TargetUri): readonly FieldLine[] {
    const { header, "header-everywhere": isEverywhere } = this.#options;
    const fields = isEverywhere || isSameOrigin(uri, typed) ? header : [];
    if (fields.some(([name]) => name.toLowerCase() === "authorization")) return fields;
    const userinfo = this.#userinfoFor(uri, typed);
    if (userinfo === undefined) return fields;
    return [...fields, ["Authorization", basicCredentials(userinfo)]];
  }

  #userinfoFor(uri: TargetUri, typed: TargetUri): Userinfo | undefined {
    const isTyped = isSameOrigin(uri, typed);
    const given = isTyped ? typed.userinfo ?? this.#options.user : undefined;
    if (given?.password !== undefined) return given;
    // A redirect from https to http is none to send a password along.
    const isDown = typed.isSecure && !uri.isSecure;
    const found = isDown ? undefined : this.#netrc?.find(uri.hostname, isTyped, given?.name);
    return found ?? given;
  }
}

/**
 * Prepares what is sent, reading the file of `--netrc`.
 *
 * @param onNotice is told when others can read that file
 * @throws {UsageError} if it cannot be read, or is none
 */
export async function prepareUserFields(
  options: UserFieldOptions,
  onNotice: (text: string) => void,
): Promise<UserFields> {
  if (options["header-everywhere"] && options.header.length === 0) {
    throw new UsageError("--header-everywhere is given, but no --header");
  }
  if (options.netrc === undefined) return new UserFields(options);
  const { readNetrc } = await import("./netrc.ts");
  return new UserFields(options, await readNetrc(options.netrc, onNotice));
}
