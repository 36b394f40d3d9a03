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
  /** Whether to wait until a process that listens there has ended, instead of an error. */
  readonly waitsForOther?: boolean;
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
 * @throws {CommandError} status 1, if the path is taken or cannot be used
 */
async function bind(options: UnixSocketOptions): Promise<Bound> {
  const { path, mode, name } = options;
  const fail = (reason: string, cause?: unknown): never => {
    throw new CommandError(`${name}=${path} ${reason}`, 1, { cause });
  };
  if (new TextEncoder().encode(path).length > MOST_PATH_BYTES) {
    fail(`is too long: the path of a socket has at most ${MOST_PATH_BYTES} bytes`);
  }
  try {
    while (await isTaken(path, fail)) {
      if (!options.waitsForOther) fail("is taken: another process listens there");
      await delay(LOOK_MS);
    }
    return bindPrivately(path, mode);
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
  readonly info: (message: string) => void;
  readonly logError: (error: unknown, context?: FaultContext) => void;
}

/** The most connections at a time. */
const MOST_CONNECTIONS = 1000;

/** Time for open requests at the end, in ms. */
const GRACE_MS = 1000;

/** HTTP server on a Unix socket. */
export class UnixServer {
  readonly #bound: Bound;
  readonly #acceptor: Acceptor<Deno.UnixConn>;
  readonly #connections: ConnectionManager;
  readonly #closing = new AbortController();
  readonly #serving: Promise<void>;

  private constructor(bound: Bound, config: UnixServerConfig) {
    const { handler, replyToMethod, info, logError } = config;
    this.#bound = bound;
    this.#connections = new ConnectionManager({
      handler,
      replyToMethod,
      maxConnections: MOST_CONNECTIONS,
      onServed: undefined,
      onError: logError,
      onFull: () => info(`${MOST_CONNECTIONS} connections are open at ${bound.path}`),
    });
    this.#acceptor = new Acceptor(bound.listener, {
      onError: (error) => info(`cannot accept at ${bound.path} for now: ${error.message}`),
      room: () => this.#connections.room(),
    });
    this.#serving = this.#serve().catch(logError);
  }

  /**
   * Listens and serves until `close()`. Later errors are logged.
   *
   * @throws {CommandError} status 1, if it cannot listen there
   */
  static async open(options: UnixSocketOptions, config: UnixServerConfig): Promise<UnixServer> {
    return new UnixServer(await bind(options), config);
  }

  /** Removes the socket's file, stops accepting, and finishes open requests. */
  async close(): Promise<void> {
    this.#removeFile();
    this.#closing.abort();
    await this.#serving;
    await this.#acceptor.finish((conn) => this.#connections.serve(socketOf(conn)));
    await this.#connections.drain(GRACE_MS);
  }

  async #serve(): Promise<void> {
    for await (const conn of this.#acceptor.until(this.#closing.signal)) {
      this.#connections.serve(socketOf(conn));
    }
  }

  /** Not one that another process has put there. */
  #removeFile(): void {
    const { path, ino } = this.#bound;
    try {
      if (Deno.lstatSync(path).ino === ino) Deno.removeSync(path);
    } catch {
      // Somebody has removed it, or the directory.
    }
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
