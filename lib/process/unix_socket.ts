/**
 * HTTP on a Unix socket: who may connect is decided by the mode of a file.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { dirname, join } from "@std/path";
import { CommandError } from "../cli/command.ts";
import type { FaultContext } from "../log/fault.ts";
import { Acceptor } from "../net/accept.ts";
import { closeSocket, type Socket } from "../net/connection.ts";
import { ConnectionManager } from "../net/connection_manager.ts";
import type { Handler, Reply, Request } from "../net/handler.ts";
import { listenAt } from "./listener.ts";

/** Where to listen, and who may connect. */
export interface UnixSocketOptions {
  readonly path: string;
  /** Permission bits of the socket's file. */
  readonly mode: number;
  /** The option by which the user chose the path, for error messages. */
  readonly name: string;
  /** Whether to wait until a process that listens there has left, instead of an error. */
  readonly waitsForOther: boolean;
}

/** The longest path of a socket, in bytes: `sun_path` with the zero at its end. */
const MOST_PATH_BYTES = 107;

/** Time between looks whether another process has left the path, in ms. */
const LOOK_MS = 100;

/** A listening socket, and the file by which it is found. */
interface Bound {
  readonly listener: Deno.UnixListener;
  readonly path: string;
  /** What tells its file from one that another process puts there. */
  readonly ino: number | null;
}

/**
 * Listens at a path. A socket that a dead process has left there is replaced.
 *
 * The socket is made in a private directory beside it and moved there once it has its mode: so nobody
 * else can connect before, there is never a moment without a file, and Deno, which removes the file
 * that it made when a listener closes, cannot remove that of a successor.
 *
 * @returns undefined if another process listens there
 * @throws {CommandError} status 1, if the path cannot be used
 */
async function bind({ path, mode, name }: UnixSocketOptions): Promise<Bound | undefined> {
  const fail = (reason: string, cause?: unknown): never => {
    throw new CommandError(`${name}=${path} ${reason}`, 1, { cause });
  };
  if (new TextEncoder().encode(path).length > MOST_PATH_BYTES) {
    fail(`is too long: the path of a socket has at most ${MOST_PATH_BYTES} bytes`);
  }
  try {
    return await isTaken(path, fail) ? undefined : bindPrivately(path, mode);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    return fail(reasonOf(error, dirname(path)), error);
  }
}

/** Whether a process listens at the path. */
async function isTaken(path: string, fail: (reason: string) => never): Promise<boolean> {
  try {
    const { isSocket } = await Deno.lstat(path);
    if (!isSocket) fail("is no socket, and is left as it is");
    closeSocket(await Deno.connect({ transport: "unix", path }));
    return true;
  } catch (error) {
    const isFree = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.ConnectionRefused;
    if (isFree) return false;
    throw error;
  }
}

/** Everything at once, without a turn in which the process could end. */
function bindPrivately(path: string, mode: number): Bound {
  const directory = makePrivateDirectory(dirname(path));
  const made = join(directory, "s");
  let listener: Deno.UnixListener | undefined;
  try {
    listener = listenAt(made);
    Deno.chmodSync(made, mode);
    const { ino } = Deno.lstatSync(made);
    Deno.renameSync(made, path);
    return { listener, path, ino };
  } catch (error) {
    listener?.close();
    throw error;
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Its name is short, so that the path of a socket in it is hardly longer than that beside it. */
function makePrivateDirectory(parent: string): string {
  for (let number = 0;; number++) {
    const directory = join(parent, `.${number.toString(36)}`);
    try {
      Deno.mkdirSync(directory, { mode: 0o700 });
      return directory;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

function reasonOf(error: unknown, directory: string): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `needs --allow-read=${directory} --allow-write=${directory}, and --allow-net`;
  }
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
    return `cannot be made: there is no directory ${directory}`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "cannot be made: there is no permission to write there";
  }
  return `cannot be made: ${error instanceof Error ? error.message : String(error)}`;
}

/** How requests on the socket are answered. */
export interface UnixServerConfig {
  readonly handler: Handler;
  readonly replyToMethod: (request: Request) => Reply | undefined;
  /** Called once it listens. */
  readonly onListening: () => void;
  readonly info: (message: string) => void;
  readonly logError: (error: unknown, context?: FaultContext) => void;
}

/** The most connections at a time. */
const MOST_CONNECTIONS = 1000;

/** Time for open requests at the end, in ms. */
const GRACE_MS = 1000;

/** HTTP server on a Unix socket. */
export class UnixServer {
  readonly #options: UnixSocketOptions;
  readonly #config: UnixServerConfig;
  readonly #connections: ConnectionManager;
  readonly #closing = new AbortController();
  readonly #serving: Promise<void>;

  private constructor(
    options: UnixSocketOptions,
    config: UnixServerConfig,
    bound: Bound | undefined,
  ) {
    this.#options = options;
    this.#config = config;
    this.#connections = new ConnectionManager({
      ...config,
      maxConnections: MOST_CONNECTIONS,
      onServed: undefined,
      onError: config.logError,
      onFull: () => config.info(`${MOST_CONNECTIONS} connections are open at ${options.path}`),
    });
    this.#serving = this.#serve(bound).catch(config.logError);
  }

  /**
   * Listens and serves until `close()`: now, or once another process has left. Later errors are
   * logged.
   *
   * @throws {CommandError} status 1, if it cannot listen there
   */
  static async open(options: UnixSocketOptions, config: UnixServerConfig): Promise<UnixServer> {
    const { path, name, waitsForOther } = options;
    const bound = await bind(options);
    if (bound === undefined && !waitsForOther) {
      throw new CommandError(`${name}=${path} is taken: another process listens there`, 1);
    }
    return new UnixServer(options, config, bound);
  }

  /** Removes the socket's file, stops accepting, and finishes open requests. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#serving;
    await this.#connections.drain(GRACE_MS);
  }

  async #serve(first: Bound | undefined): Promise<void> {
    const { info } = this.#config;
    const { path } = this.#options;
    const bound = first ?? await this.#bindLater();
    if (bound === undefined) return;
    this.#config.onListening();
    const acceptor = new Acceptor(bound.listener, {
      onError: (error) => info(`cannot accept at ${path} for now: ${error.message}`),
      room: () => this.#connections.room(),
    });
    const serve = (conn: Deno.UnixConn) => this.#connections.serve(socketOf(conn));
    for await (const conn of acceptor.until(this.#closing.signal)) serve(conn);
    removeFile(bound);
    await acceptor.finish(serve);
  }

  async #bindLater(): Promise<Bound | undefined> {
    const { signal } = this.#closing;
    for (;;) {
      await delay(LOOK_MS, { signal }).catch(() => {});
      if (signal.aborted) return undefined;
      const bound = await bind(this.#options);
      if (bound !== undefined) return bound;
    }
  }
}

/** Removes the file of a socket, but not one that another process has put there. */
function removeFile({ path, ino }: Bound): void {
  try {
    if (Deno.lstatSync(path).ino === ino) Deno.removeSync(path);
  } catch {
    // Somebody has removed it, or the directory.
  }
}

/** Peers have no address: all are this machine's. */
const LOCAL: Deno.NetAddr = { transport: "tcp", hostname: "local", port: 0 };

function socketOf(conn: Deno.UnixConn): Socket {
  return {
    remoteAddr: LOCAL,
    read: (buffer) => conn.read(buffer),
    write: (bytes) => conn.write(bytes),
    closeWrite: () => conn.closeWrite(),
    close: () => conn.close(),
  };
}
