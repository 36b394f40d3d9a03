/**
 * The command line of `client.ts`: the one table of its options, and what they mean for a download.
 *
 * @module
 */

import { type Command, UsageError } from "../cli/command.ts";
import {
  choice,
  count,
  duration,
  flag,
  option,
  optional,
  type Options,
  repeatable,
  SIZE,
  text,
  type ValueParser,
  type Values,
  withBareValue,
} from "../cli/option.ts";
import { type FieldLine, isWritable } from "../http/fields.ts";
import { isHostAndPort, trimOws } from "../http/grammar.ts";
import { type RetryRules, SILENCE_LIMITS } from "./context.ts";
import { isCredential, type Userinfo } from "./requests/target_uri.ts";

const SHA256: ValueParser<string> = {
  placeholder: "HEX",
  expected: "a SHA-256 of 64 hexadecimal digits",
  parse: (text) => /^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined,
};

const LOCATIONS: ValueParser<string> = {
  placeholder: "CC,…",
  expected: "countries of two letters, such as de,at",
  parse: (text) => /^[a-z]{2}(?:,[a-z]{2})*$/i.test(text) ? text.toLowerCase() : undefined,
};

/** Fields that frame a message, choose its content, or are for a proxy alone. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...["accept-encoding", "avoid-server", "connection", "content-length", "expect"],
  ...["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"],
  ...["keep-alive", "proxy-authorization", "proxy-connection", "range", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
]);

const FIELD: ValueParser<FieldLine> = {
  placeholder: "'NAME: VALUE'",
  expected: "a field such as 'Name: value' in ASCII, none of those that the client sets itself,",
  isSecret: true,
  parse: (text) => {
    const colon = text.indexOf(":");
    const [name, value] = [text.slice(0, colon), trimOws(text.slice(colon + 1))];
    if (colon < 1 || OWN_FIELDS.has(name.toLowerCase())) return undefined;
    if (name.toLowerCase() === "host" && !isHostAndPort(value)) return undefined;
    return isWritable(name, value) ? [name, value] : undefined;
  },
};

const USERINFO: ValueParser<Userinfo> = {
  placeholder: "NAME:PASSWORD",
  expected: "NAME:PASSWORD without control characters",
  isSecret: true,
  parse: (text) => {
    const colon = text.indexOf(":");
    if (colon === -1 || !isCredential(text)) return undefined;
    return { name: text.slice(0, colon), password: text.slice(colon + 1) };
  },
};

/** Standard output by other names: as a path it would lead to the file that it goes to. */
const STANDARD_OUTPUT = /^\/(?:dev\/(?:fd\/1|stdout)|proc\/self\/fd\/1)$/;

const OUTPUT: ValueParser<string> = {
  ...text("FILE"),
  parse: (path) => STANDARD_OUTPUT.test(path) ? "-" : path,
};

const FIXED_SEGMENTS = count(1, 16);

const SEGMENTS: ValueParser<number | "auto"> = {
  placeholder: "N|auto",
  expected: `auto or ${FIXED_SEGMENTS.expected}`,
  parse: (text) => text === "auto" ? text : FIXED_SEGMENTS.parse(text),
};

/** The command line of `client.ts`. */
export const CLIENT_COMMAND = {
  name: "client",
  permissions: "--allow-net --allow-read=. --allow-write=.",
  synopsis: "[OPTIONS] URL...",
  summary:
    "Downloads each URL into a file, redirects followed. A try that fails is followed by one " +
    "that begins at the URL as typed, where a balancer can pick another server. Under the file's " +
    "name there is the whole of it or what was there before, whatever happens on the way.",
  operands: { URL: "what to download, beginning with http:// or https://, or a file NAME.meta4" },
  options: {
    output: optional(OUTPUT, "where to; - is standard output (default: the URL's name)", "o"),
    directory: optional(text("DIR"), "where the files go; made if it is not there", "d"),
    input: optional(text("FILE"), "read URLs from it, one a line; - is standard input", "i"),
    jobs: option(count(1, 100), "4", "files to download at once"),
    recursive: flag("download a directory and all below it, as its server lists them", "r"),
    depth: option(count(1, 100), "10", "levels of directories that --recursive enters"),
    include: repeatable(text("GLOB"), "take only such files, or all below such directories"),
    exclude: repeatable(text("GLOB"), "leave such files and directories out"),
    delete: flag("remove files that are not on the server any more"),
    segments: option(SEGMENTS, "auto", "connections to one file; auto: while they make it faster"),
    compressed: flag("ask for content in gzip, br or zstd, and save it decoded"),
    continue: flag("go on with what an earlier run left, if it is still the same", "c"),
    "no-clobber": flag("leave a file that is there as it is"),
    "content-disposition": flag("name a file as its server proposes, made safe"),
    "no-remote-time": flag("let files be as new as they are, not as old as on their server"),
    sha256: optional(SHA256, "refuse any other content"),
    checksums: optional(text("FILE"), "refuse content that is not as listed; as of sha256sum"),
    "no-metalink": flag("save Metalink documents as they are, not the files they describe"),
    "metalink-location": optional(LOCATIONS, "countries whose servers in a document to ask first"),
    retries: option(count(0, 1000), "5", "tries with servers that have failed before"),
    "max-redirects": option(count(0, 1000), "10", "redirects to follow"),
    timeout: option(duration(), "30s", "give a server up that is silent for so long"),
    "min-speed": option(SIZE, "0", "give a server up that sends less a second over --timeout"),
    "limit-rate": option(SIZE, "0", "bytes a second to take in, over all connections; 0: any"),
    ipv4: flag("connect by IPv4 alone", "4"),
    ipv6: flag("connect by IPv6 alone", "6"),
    header: repeatable(FIELD, "a field to send to the URL's own server; may be given again"),
    "header-everywhere": flag("send these fields wherever redirects lead"),
    user: optional(USERINFO, "name and password for the URL's own server (Basic)"),
    netrc: withBareValue(text("FILE"), "", "take them from a file (default: .netrc at $HOME)"),
    proxy: optional(text("URL"), "reach all servers through this proxy, of http or https"),
    ca: optional(text("FILE"), "trust these certificates as well, in PEM"),
    "allow-downgrade": flag("follow redirects from https to http"),
    progress: option(choice(["text", "json"]), "text", "json: a line a second on standard error"),
    json: flag("print a line of JSON about each file on standard output"),
    quiet: flag("say nothing but what went wrong", "q"),
    verbose: flag("show the heads of requests and responses", "v"),
  },
  notes: `Exit status, for several files the highest:
  0 done, 1 the server answered with an error, 2 wrong usage,
  3 network or protocol failure, 4 cannot write, 5 redirects without end,
  6 wrong checksum, 70 a bug of ours, 130 interrupted

HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY are read as far as --allow-env
permits.

Examples:
  deno run --allow-net --allow-read=. --allow-write=. client.ts \\
    http://localhost:8080/file.iso
  deno run --allow-net client.ts -o - http://localhost:8080/notes.txt`,
} satisfies Command<Options>;

/** The values of its options. */
export type ClientOptions = Values<typeof CLIENT_COMMAND.options>;

/** What the options say about servers that fail. */
export function retryRulesOf(
  options: ClientOptions,
): Pick<RetryRules, "retries" | "minSpeed" | "silence"> {
  return {
    retries: options.retries,
    minSpeed: options["min-speed"],
    silence: SILENCE_LIMITS,
  };
}

/**
 * Refuses options that only `--recursive` gives a meaning.
 *
 * @throws {UsageError}
 */
export function refuseTreeOptions(options: ClientOptions): void {
  const { include, exclude, delete: isDelete } = options;
  const given = { include: include.length > 0, exclude: exclude.length > 0, delete: isDelete };
  const [name] = Object.entries(given).find(([, isGiven]) => isGiven) ?? [];
  if (name !== undefined) throw new UsageError(`--${name} needs --recursive`);
}

/** What the options say about files. */
export function fileRulesOf(options: ClientOptions) {
  return {
    mayContinue: options.continue,
    keepsExisting: options["no-clobber"],
    keepsTime: !options["no-remote-time"],
    followsDisposition: options["content-disposition"],
    wantsSha256: options.json,
  };
}

/** A variable of the environment where reading it is permitted, which is never asked for. */
export function permittedVariable(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/** The environment's variables about proxies that are set, by their names in lower case. */
export interface ProxyVariables {
  readonly http_proxy?: string | undefined;
  readonly https_proxy?: string | undefined;
  readonly all_proxy?: string | undefined;
  readonly no_proxy?: string | undefined;
}

/**
 * Reads the variables about proxies, as far as that is permitted. The names in lower case come first.
 * In a CGI program a client may have set HTTP_PROXY, by a field called Proxy: there it is not read.
 *
 * @param isGiven whether `--proxy` names a proxy: then only its exceptions matter
 * @returns undefined if there is no proxy
 */
export function proxyVariables(isGiven: boolean): ProxyVariables | undefined {
  const either = (name: string) =>
    permittedVariable(name) || permittedVariable(name.toUpperCase()) || undefined;
  if (isGiven) return { no_proxy: either("no_proxy") };
  const isCgi = () => permittedVariable("REQUEST_METHOD") !== undefined;
  const found = either("http_proxy");
  const http_proxy = found && isCgi() ? permittedVariable("http_proxy") || undefined : found;
  const https_proxy = either("https_proxy");
  const all_proxy = either("all_proxy");
  if (!(http_proxy ?? https_proxy ?? all_proxy)) return undefined;
  return { http_proxy, https_proxy, all_proxy, no_proxy: either("no_proxy") };
}

/**
 * Refuses what does not go together with content on standard output.
 *
 * @throws {UsageError}
 */
export function checkStandardOutput({ json, segments }: ClientOptions): void {
  if (json) throw new UsageError("--json and the data would be mixed up");
  if (segments !== "auto" && segments > 1) {
    throw new UsageError("--segments needs a file: standard output takes bytes in order alone");
  }
}

/**
 * Refuses what `--compressed` cannot be given with: a part of coded content cannot be gone on with.
 *
 * @throws {UsageError}
 */
export function checkCompressed(options: ClientOptions): void {
  if (!options.compressed) return;
  if (options.continue) throw new UsageError("--continue does not go with --compressed");
  if (options.segments !== "auto" && options.segments > 1) {
    throw new UsageError("--segments does not go with --compressed: it takes one connection");
  }
}
