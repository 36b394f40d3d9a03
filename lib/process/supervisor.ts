/**
 * The parent of a role's workers: starts them, replaces those that end, passes signals on, and
 * does not listen itself.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { UsageError } from "../cli/command.ts";
import { count, option, type Values } from "../cli/option.ts";
import { accessGapLine, type LogFormat, tellMissing } from "../log/access_log.ts";
import { LAST_LINES_MS, type LineSink, LineWriter, type LostLines } from "../log/line_writer.ts";
import type { Logger } from "../log/logger.ts";
import type { Certificate } from "./certificate.ts";
import { type ListenerValues, tryListening } from "./listener.ts";
import { fired, onHangup } from "./signals.ts";
import { WorkerPool, type WorkerPoolOptions } from "./worker_pool.ts";
import {
  type WorkerCommand,
  workerCommand,
  type WorkerEnd,
  type WorkerListeners,
  WorkerProcess,
} from "./worker_process.ts";
import { workerPort } from "./worker_protocol.ts";

/** The option of a role that can have workers. */
export const WORKERS_OPTION = {
  workers: option(count(1, 256), "1", "processes that listen on the same port (Linux)"),
};

/** Whether this process starts workers instead of serving itself. */
export function isSupervisor({ workers }: { readonly workers: number }): boolean {
  return workers > 1 && workerPort() === undefined;
}

/**
 * Runs workers until a signal stops them; at SIGHUP replaces them one by one.
 *
 * @param certificate what they speak TLS with
 * @returns the exit status
 */
export async function supervise(
  supervisor: Supervisor,
  stop: AbortSignal,
  certificate: Certificate | undefined,
): Promise<number> {
  certificate?.watch();
  onHangup(() => {
    void certificate?.renew();
    void supervisor.rollingRestart();
  });
  const failure = await Promise.race([supervisor.start(), fired(stop)]);
  if (failure !== undefined && !stop.aborted) return failure.code;
  await fired(stop);
  certificate?.close();
  await supervisor.drain();
  return 0;
}

/** How long after the grace workers are killed. */
const LEEWAY_MS = 3000;

/** The options of a role with workers. */
export type SupervisorOptions =
  & Pick<ListenerValues, "host" | "port" | "share-port" | "grace" | "log">
  & Values<typeof WORKERS_OPTION>;

/** What a supervisor reports to, and what its workers are sent. `relay` gets their standard error. */
export type SupervisorLinks =
  & Pick<Logger, "info" | "relay">
  & Pick<WorkerPoolOptions, "subscribe">
  & Pick<WorkerListeners, "onReport">;

/** Runs the workers of a role: processes of the same program that listen on one port. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #links: SupervisorLinks;
  readonly #workers: WorkerPool;
  readonly #output: WorkerOutput;

  private constructor(options: SupervisorOptions, command: WorkerCommand, links: SupervisorLinks) {
    this.#options = options;
    this.#links = links;
    this.#output = new WorkerOutput(Deno.stdout, options.log);
    this.#workers = new WorkerPool({
      ...links,
      count: options.workers,
      spawn: (port) =>
        new WorkerProcess(command, port, {
          onLines: this.#output.write,
          onErrorLines: links.relay,
          onReport: links.onReport,
        }),
      monotonicMs: () => performance.now(),
      drainMs: options.grace + LEEWAY_MS,
      pause: delay,
    });
  }

  /**
   * Prepares workers, and starts none.
   *
   * @param paths files and directories that the workers must be permitted to read
   * @throws {UsageError} on other systems than Linux
   * @throws {CommandError} status 1, if the port is taken; as `workerCommand`
   */
  static async of(
    options: SupervisorOptions,
    paths: readonly string[],
    links: SupervisorLinks,
  ): Promise<Supervisor> {
    if (Deno.build.os !== "linux") throw new UsageError("--workers needs Linux");
    const command = await workerCommand(options.host, paths);
    // Workers share their port with every socket that allows it, so they would not notice another.
    if (options.port !== 0) tryListening(options);
    return new Supervisor(options, command, links);
  }

  /**
   * Starts the workers, and announces where they listen.
   *
   * @returns how the first one ended, if it never listened
   */
  async start(): Promise<WorkerEnd | undefined> {
    const started = await this.#workers.start(this.#options.port);
    if (typeof started !== "string") return started;
    this.#output.begin(started);
    return undefined;
  }

  /** Whether at least one worker listens. */
  get isListening(): boolean {
    return this.#workers.isListening;
  }

  /** As `WorkerPool.rollingRestart`. */
  async rollingRestart(): Promise<void> {
    await this.#workers.rollingRestart();
  }

  /** Lets the workers finish open requests, and writes the rest of their output. */
  async drain(): Promise<void> {
    await this.#workers.drain(this.#options.grace + LEEWAY_MS);
    await this.#output.flush(LAST_LINES_MS);
    tellMissing(this.#output.dropped, this.#output.lost, this.#links.info);
  }

  kill(): void {
    this.#workers.kill();
  }
}

/**
 * Writes the standard output of workers to that of their parent: whole lines, after the line in which
 * the parent announces where they listen. Counts lines that cannot be written.
 */
export class WorkerOutput {
  readonly #lines: LineWriter;
  /** Lines that came before `begin`. */
  #early: string[] | undefined = [];
  #dropped = 0;

  /** Writes nothing before `begin`. */
  constructor(sink: LineSink, format: LogFormat) {
    this.#lines = new LineWriter(sink);
    this.#lines.gapLine = accessGapLine(format);
  }

  /** How many lines were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  get lost(): LostLines | undefined {
    return this.#lines.lost;
  }

  /** Writes this line, then all others. */
  begin(firstLine: string): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const lines of [firstLine, ...early]) this.write(lines);
  }

  /** Adds whole lines, without the last line end. */
  readonly write = (lines: string): void => {
    if (this.#early !== undefined) this.#early.push(lines);
    else if (!this.#lines.write(lines)) this.#dropped += lines.split("\n").length;
  };

  /** As `LineWriter.flush`. */
  async flush(withinMs: number): Promise<void> {
    await this.#lines.flush(withinMs);
  }
}
