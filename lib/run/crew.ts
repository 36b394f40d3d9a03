import { tellMissing } from "../access_log.ts";
import type { LogFormat } from "../access_event.ts";
import { UsageError } from "../command.ts";
import { LAST_LINES_MS } from "../line_writer.ts";
import { CrewOutput } from "./crew_output.ts";
import { listen } from "./listener.ts";
import { type WorkerEnd, WorkerProcess } from "./worker.ts";
import { type WorkerCommand, workerCommand } from "./worker_command.ts";
import { Workers } from "./workers.ts";

/** How long workers may take to end, beyond the grace, before they are killed. */
const LEEWAY_MS = 3000;

/** What a crew is told. */
export interface CrewOptions {
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

/** Whom a crew tells and asks. */
export interface CrewLinks {
  /** Told what happens to workers, for people, and perhaps the same for programs. */
  readonly tell: (message: string, record?: object) => void;
  /** Given what workers say on standard error: whole lines, without the last line end. */
  readonly relay: (lines: string) => void;
  /** Given how to send lines to each new worker, before all else; what it returns ends that. */
  readonly subscribe?: (send: (line: string) => Promise<void>) => () => void;
  /** Told what a worker reports. */
  readonly onReport?: (report: string) => void;
}

/** The workers of a role: processes of the same program that listen on one port. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #links: CrewLinks;
  readonly #workers: Workers;
  readonly #output: CrewOutput;

  private constructor(options: CrewOptions, command: WorkerCommand, links: CrewLinks) {
    this.#options = options;
    this.#links = links;
    this.#output = new CrewOutput(Deno.stdout, options.log);
    this.#workers = new Workers({
      ...links,
      count: options.workers,
      hire: (port) =>
        new WorkerProcess(command, port, {
          onLines: this.#output.write,
          onErrorLines: links.relay,
          onReport: links.onReport,
        }),
      now: () => performance.now(),
      retireMs: options.grace + LEEWAY_MS,
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
    options: CrewOptions,
    paths: readonly string[],
    links: CrewLinks,
  ): Promise<Crew> {
    if (Deno.build.os !== "linux") throw new UsageError("--workers needs Linux");
    const { host, port } = options;
    const command = await workerCommand(host, paths);
    // Where others listen, workers that share their port with anybody would not notice.
    if (port !== 0) listen(host, port).close();
    return new Crew(options, command, links);
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
    tellMissing(this.#output.dropped, this.#output.lost, this.#links.tell);
  }

  /** Ends them at once. */
  kill(): void {
    this.#workers.kill();
  }
}
