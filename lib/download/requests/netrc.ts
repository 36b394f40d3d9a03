/**
 * Names and passwords from a netrc file, as ftp, curl and wget read it:
 *
 *     machine files.example.org login alice password "two words"
 *     default login anonymous password guest
 *
 * No message repeats what stands in the file: a password of two words without quotes would be shown.
 *
 * @module
 */

import { UsageError } from "../../cli/command.ts";
import { permittedVariable } from "../client_options.ts";
import { readText } from "../../cli/option_file.ts";
import { isCredential, type Userinfo } from "./target_uri.ts";

/** One `machine` or `default`. */
interface Entry {
  /** Undefined for `default`. */
  readonly machine: string | undefined;
  login?: string;
  password?: string;
}

interface Token {
  readonly text: string;
  readonly line: number;
  readonly isQuoted: boolean;
}

const EXPECTED = "machine, default, login, password, account or macdef";

/** A file's entries. */
export class Netrc {
  readonly #entries: readonly Entry[];

  /** @throws {SyntaxError} if the text is none of a netrc file; the message names the line */
  constructor(text: string) {
    this.#entries = entriesOf(text);
  }

  /**
   * The first complete entry for a host, whatever the port.
   *
   * @param hostname in lower case; IPv6 without brackets
   * @param mayBeDefault whether `default` is meant, where no entry names the host
   * @param name only an entry with this login will do
   */
  find(hostname: string, mayBeDefault: boolean, name?: string): Userinfo | undefined {
    const isNamed = this.#entries.some(({ machine }) => machine === hostname);
    const entry = this.#entries.find(({ machine, login, password }) =>
      (machine === hostname || (machine === undefined && mayBeDefault && !isNamed)) &&
      login !== undefined && password !== undefined && (name === undefined || login === name)
    );
    return entry && { name: entry.login!, password: entry.password! };
  }
}

function entriesOf(text: string): Entry[] {
  const entries: Entry[] = [];
  const tokens = tokensOf(text);
  for (let i = 0; i < tokens.length; i++) {
    const { text: keyword, line, isQuoted } = tokens[i]!;
    const value = (): string => {
      const next = tokens[++i];
      if (next !== undefined) return next.text;
      throw new SyntaxError(`line ${line}: the value is missing`);
    };
    const entry = entries.at(-1);
    if (!isQuoted && keyword === "default") entries.push({ machine: undefined });
    else if (!isQuoted && keyword === "machine") entries.push({ machine: value().toLowerCase() });
    else if (!isQuoted && keyword === "account") value();
    else if (!isQuoted && (keyword === "login" || keyword === "password") && entry !== undefined) {
      entry[keyword] = credential(keyword, value(), line);
    } else throw new SyntaxError(`line ${line}: ${EXPECTED} is expected`);
  }
  return entries;
}

function credential(keyword: "login" | "password", text: string, line: number): string {
  const isText = !text.includes("\ufffd"); // It stands for bytes that are not UTF-8.
  const isPart = keyword === "password" || !text.includes(":");
  if (isText && isPart && isCredential(text)) return text;
  throw new SyntaxError(`line ${line}: the ${keyword} holds what cannot be sent`);
}

/** A quoted string, in which a backslash quotes, or all up to the next blank. */
const TOKEN = /"((?:[^"\\]|\\.)*)"(?=\s|$)|(\S+)/g;

/** What follows a keyword is its value, even if it looks like a comment. */
const TAKES_VALUE = /^(?:machine|login|password|account|macdef)$/;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let isMacro = false;
  let isValue = false;
  for (const [index, lineText] of text.split(/\r?\n/).entries()) {
    if (isMacro && lineText.trim() !== "") continue; // A macro ends with an empty line.
    isMacro = false;
    for (const [, quoted, plain] of lineText.matchAll(TOKEN)) {
      const line = index + 1;
      if (!isValue && plain?.startsWith("#")) break;
      if (!isValue && plain === "macdef") {
        isMacro = true;
        break;
      }
      if (plain?.startsWith('"')) throw new SyntaxError(`line ${line}: a quote has no end`);
      const isQuoted = quoted !== undefined;
      tokens.push({ text: plain ?? unquoted(quoted!), line, isQuoted });
      isValue = !isValue && !isQuoted && TAKES_VALUE.test(plain!);
    }
  }
  return tokens;
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unquoted(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => ESCAPED[character] ?? character);
}

/**
 * Reads a netrc file.
 *
 * @param file its path; "" for `.netrc` in the home directory
 * @param onNotice is told when others can read it
 * @throws {UsageError} if it cannot be read, or is none
 */
export async function readNetrc(file: string, onNotice: (text: string) => void): Promise<Netrc> {
  const path = file === "" ? homeFile() : file;
  const text = await readText("netrc", path);
  if (path !== "-" && Deno.build.os !== "windows") {
    const { mode } = await Deno.stat(path);
    if (mode !== null && (mode & 0o077) !== 0) {
      onNotice(`--netrc=${path} is open to other users: chmod 600 ${path} makes it yours alone`);
    }
  }
  try {
    return new Netrc(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`--netrc=${path}: ${error.message}`, { cause: error });
  }
}

function homeFile(): string {
  const variable = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";
  const home = permittedVariable(variable);
  if (home) return `${home}/.netrc`;
  throw new UsageError(`--netrc needs --allow-env=${variable}, or a file: --netrc=FILE`);
}
