/**
 * The points at which a system call of a role can be made to fail, and the errors that it then
 * throws.
 *
 * @module
 */

/** One kind of call that may fail. */
export type Point =
  | "open"
  | "stat"
  | "list"
  | "read"
  | "write"
  | "lock"
  | "rename"
  | "remove"
  | "listen"
  | "accept"
  | "connect"
  | "receive"
  | "send"
  | "resolve"
  | "print";

/** An operating-system error, as Deno throws it. */
interface SystemError {
  readonly type: new (message: string) => Error;
  readonly code: string;
  readonly message: string;
}

const { errors } = Deno;

/** What each point throws: an error that is met there in life. */
const ERRORS: Readonly<Record<Point, SystemError>> = {
  open: { type: Error, code: "EMFILE", message: "Too many open files (os error 24)" },
  stat: { type: Error, code: "EIO", message: "Input/output error (os error 5)" },
  list: { type: Error, code: "EIO", message: "Input/output error (os error 5)" },
  read: { type: Error, code: "EIO", message: "Input/output error (os error 5)" },
  write: { type: Error, code: "ENOSPC", message: "No space left on device (os error 28)" },
  lock: { type: Error, code: "ENOLCK", message: "No locks available (os error 37)" },
  rename: { type: Error, code: "EIO", message: "Input/output error (os error 5)" },
  remove: {
    type: errors.PermissionDenied,
    code: "EACCES",
    message: "Permission denied (os error 13)",
  },
  listen: { type: errors.AddrInUse, code: "EADDRINUSE", message: "Address in use (os error 98)" },
  accept: { type: Error, code: "EMFILE", message: "Too many open files (os error 24)" },
  connect: {
    type: errors.ConnectionRefused,
    code: "ECONNREFUSED",
    message: "Connection refused (os error 111)",
  },
  receive: {
    type: errors.ConnectionReset,
    code: "ECONNRESET",
    message: "Connection reset by peer (os error 104)",
  },
  send: { type: errors.BrokenPipe, code: "EPIPE", message: "Broken pipe (os error 32)" },
  resolve: { type: Error, code: "EAI_AGAIN", message: "request timed out" },
  print: { type: errors.BrokenPipe, code: "EPIPE", message: "Broken pipe (os error 32)" },
};

/** The functions of each point: of `Deno`, files, connections, listeners, and standard output. */
const CALLS: Readonly<Record<Point, Readonly<Record<string, readonly string[]>>>> = {
  open: { Deno: ["open", "openSync"] },
  stat: {
    Deno: ["stat", "statSync", "lstat", "lstatSync", "realPath", "realPathSync", "readLink"],
    file: ["stat", "statSync"],
  },
  list: { Deno: ["readDir", "readDirSync"] },
  read: {
    Deno: ["readFile", "readFileSync", "readTextFile", "readTextFileSync"],
    file: ["read", "readSync"],
  },
  write: {
    Deno: ["writeFile", "writeFileSync", "writeTextFile", "writeTextFileSync", "mkdir"],
    file: ["write", "writeSync", "truncate", "truncateSync", "sync", "syncData", "syncDataSync"],
  },
  lock: { file: ["lock", "lockSync", "tryLock", "tryLockSync"] },
  rename: { Deno: ["rename", "renameSync", "link", "linkSync", "copyFile"] },
  remove: { Deno: ["remove", "removeSync", "chmod", "chmodSync", "chown", "utime"] },
  listen: { Deno: ["listen"] },
  accept: { listener: ["accept"] },
  connect: { Deno: ["connect"] },
  receive: { connection: ["read"] },
  send: { connection: ["write", "closeWrite"] },
  resolve: { Deno: ["resolveDns"] },
  print: { stdout: ["write", "writeSync"] },
};

/** All points. */
export const POINTS: readonly Point[] = Object.keys(CALLS) as Point[];

/** Objects whose functions are replaced, by their name in `CALLS`. */
export type Owners = Readonly<Record<string, object>>;

/**
 * Puts something before every call of a point; what it throws is what the caller meets, in the way
 * of the function: as a rejection or at once.
 */
export function intercept(point: Point, owners: Owners, before: () => void): void {
  for (const [name, functions] of Object.entries(CALLS[point])) {
    const owner = owners[name]!;
    for (const key of functions) {
      const original: unknown = Reflect.get(owner, key);
      if (typeof original !== "function") continue;
      const replacement = function (this: unknown, ...args: unknown[]): unknown {
        const call = () => original.apply(this, args);
        if (key === "readDir") return entriesAfter(before, call as () => AsyncIterable<unknown>);
        if (key === "listen" || key.endsWith("Sync")) {
          before();
          return call();
        }
        return Promise.try(before).then(call);
      };
      Object.defineProperty(owner, key, { value: replacement, configurable: true, writable: true });
    }
  }
}

/** Reading a directory fails at its first entry. */
async function* entriesAfter(
  before: () => void,
  call: () => AsyncIterable<unknown>,
): AsyncGenerator<unknown> {
  before();
  yield* call();
}

/** The error that a point throws. */
export function errorAt(point: Point): Error {
  const { type, code, message } = ERRORS[point];
  return Object.assign(new type(message), { code });
}
