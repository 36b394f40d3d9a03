/**
 * The process above the workers of a role: it listens on nothing, starts them, replaces those that
 * end, and passes signals on.
 *
 * @module
 */

import { UsageError } from "../cli/command.ts";
import { count, type Option, option } from "../cli/option.ts";
import { accessGapLine, type LogFormat, tellMissing } from "../log/access_log.ts";
import { LAST_LINES_MS, type LineSink, LineWriter, type LostLines } from "../log/line_writer.ts";
import type { Logger } from "../log/logger.ts";
import { listen } from "./listener.ts";
import { fired, onHangup, stopSignal } from "./signals.ts";
import { WorkerPool } from "./worker_pool.ts";
import {
  type WorkerCommand,
  workerCommand,
  type WorkerEnd,
  WorkerProcess,
} from "./worker_process.ts";
import { workerPort } from "./worker_protocol.ts";

/** The option of a role that can have workers. */
export interface WorkersOption {
  /** How many processes listen. */
  readonly workers: Option<number>;
}

/** The option of a role that can have workers. */
export const WORKERS_OPTION: WorkersOption = {
  workers: option(count(1, 256), "1", "processes that listen on the same port (Linux)"),
};

/** Whether this process is to start workers instead of serving by itself. */
export function isSupervisor({ workers }: { readonly workers: number }): boolean {
  return workers > 1 && workerPort() === undefined;
}

/**
 * Runs workers of this role until a signal stops them; at SIGHUP replaces them one by one.
 *
 * @param paths what they read, where not everything may be read
 * @param logger logs what happens to workers and what they write
 * @returns the exit status
 * @throws {CommandError} when they cannot be started
 */
export async function supervise(
  options: SupervisorOptions,
  paths: readonly string[],
  { info, relay }: Pick<Logger, "info" | "relay">,
): Promise<number> {
  const supervisor = await Supervisor.of(options, paths, { info, relay });
  const stop = stopSignal(() => supervisor.kill());
  onHangup(() => void supervisor.renew());
  const failure = await Promise.race([supervisor.start(), fired(stop)]);
  if (failure !== undefined && !stop.aborted) return failure.code;
  await fired(stop);
  await supervisor.stop();
  return 0;
}

/** How long workers may take to end, beyond the grace, before they are killed. */
const LEEWAY_MS = 3000;

/** Where workers listen and how they end. */
export interface SupervisorOptions {
  /** The address that its workers listen on. */
  readonly host: string;
  /** Their port; 0 for any free one. */
  readonly port: number;
  /** How many there are. */
  readonly workers: number;
  /** How long they may finish transfers, in ms. */
  readonly grace: number;
  /** The form of the access log. */
  readonly log: LogFormat;
}

/** What a supervisor reports to, and what its workers are sent. */
export interface SupervisorLinks {
  /** Logs what happens to workers, and its record for programs. */
  readonly info: (message: string, record?: object) => void;
  /** Given what workers say on standard error: whole lines, without the last line end. */
  readonly relay: (lines: string) => void;
  /** Given how to send updates to each new worker, before all else; what it returns ends that. */
  readonly subscribe?: (send: (content: unknown) => Promise<void>) => () => void;
  /** Called with the content of each report of a worker. */
  readonly onReport?: (content: unknown) => void;
}

/** The workers of a role: processes of the same program that listen on one port. */
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
      now: () => performance.now(),
      drainMs: options.grace + LEEWAY_MS,
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
  }

  /**
   * Prepares workers, and starts none.
   *
   * @param paths what they read, where not everything may be read
   * @throws {UsageError} where there can be none: not on Linux, or without the permission to run them
   * @throws {CommandError} status 1, when the port is taken
   */
  static async of(
    options: SupervisorOptions,
    paths: readonly string[],
    links: SupervisorLinks,
  ): Promise<Supervisor> {
    if (Deno.build.os !== "linux") throw new UsageError("--workers needs Linux");
    const { host, port } = options;
    const command = await workerCommand(host, paths);
    // Workers share their port with every socket that allows it, so they would not notice another.
    if (port !== 0) listen(host, port).close();
    return new Supervisor(options, command, links);
  }

  /**
   * Starts the workers, and announces where they listen.
   *
   * @returns how the first one ended, when it never listened
   */
  async start(): Promise<WorkerEnd | undefined> {
    const started = await this.#workers.start(this.#options.port);
    if (typeof started !== "string") return started;
    this.#output.begin(started);
    return undefined;
  }

  /** Whether at least one of them listens at the moment. */
  get isListening(): boolean {
    return this.#workers.isListening;
  }

  /** Replaces them one by one, once all have been started. Never rejects. */
  async renew(): Promise<void> {
    await this.#workers.renew();
  }

  /** Lets them finish what is under way, and writes the rest of what they said. */
  async stop(): Promise<void> {
    await this.#workers.stop(this.#options.grace + LEEWAY_MS);
    await this.#output.flush(LAST_LINES_MS);
    tellMissing(this.#output.dropped, this.#output.lost, this.#links.info);
  }

  /** Ends them at once. */
  kill(): void {
    this.#workers.kill();
  }
}

/**
 * What workers write to their standard output, on the one of their parent: whole lines, after the
 * one in which the parent says where they listen. Those that are not taken are counted.
 */
export class WorkerOutput {
  readonly #lines: LineWriter;
  /** What came before it was to begin. */
  #early: string[] | undefined = [];
  #dropped = 0;

  /**
   * Writes nothing before it is to begin.
   *
   * @param format that of the lines
   */
  constructor(sink: LineSink, format: LogFormat) {
    this.#lines = new LineWriter(sink);
    this.#lines.gapLine = accessGapLine(format);
  }

  /** How many lines were dropped until now. */
  get dropped(): number {
    return this.#dropped;
  }

  get lost(): LostLines | undefined {
    return this.#lines.lost;
  }

  /** From now on it writes, this line first. */
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

  /** Writes all that was added, as `LineWriter.flush`. */
  async flush(withinMs: number): Promise<void> {
    await this.#lines.flush(withinMs);
  }
}
