import { CommandError, UsageError } from "../command.ts";
import { listen } from "./listener.ts";
import { print } from "../log.ts";
import { SharedSink, type WorkerCommand, type WorkerEnd, WorkerProcess } from "./worker.ts";
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
}

/** Whom a crew tells and asks. */
export interface CrewLinks {
  /** Told what happens to workers, for people. */
  readonly tell: (message: string) => void;
  /** What each worker is let know before all else; undefined for nothing. */
  readonly greeting?: () => string | undefined;
  /** Told what a worker reports. */
  readonly onReport?: (pid: number, report: string) => void;
}

/** The workers of a role: processes of the same program that listen on one port. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #workers: Workers;
  readonly #announced = Promise.withResolvers<void>();

  private constructor(options: CrewOptions, command: WorkerCommand, links: CrewLinks) {
    const sink = new SharedSink(Deno.stdout, this.#announced.promise);
    this.#options = options;
    this.#workers = new Workers({
      ...links,
      count: options.workers,
      hire: (port) => {
        const worker: WorkerProcess = new WorkerProcess(
          command,
          port,
          sink,
          (report) => links.onReport?.(worker.pid, report),
        );
        return worker;
      },
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
    if (typeof started === "string") print(started);
    this.#announced.resolve();
    return typeof started === "string" ? undefined : started;
  }

  /** Lets all of them know something, in one line of text. */
  inform(news: string): void {
    this.#workers.inform(news);
  }

  /** Replaces them one by one. Never rejects. */
  async renew(): Promise<void> {
    await this.#workers.renew();
  }

  /** Lets them finish what is under way. */
  async stop(): Promise<void> {
    await this.#workers.stop(this.#options.grace + LEEWAY_MS);
  }

  /** Ends them at once. */
  kill(): void {
    this.#workers.kill();
  }
}

/** How workers are started: as this process, with those of its permissions that they need. */
async function workerCommand(host: string, paths: readonly string[]): Promise<WorkerCommand> {
  const program = await permittedProgram();
  if (Deno.build.standalone) return { program, args: () => [] };
  const mayReadAll = await isGranted({ name: "read" });
  const mayUseAnyNet = await isGranted({ name: "net" });
  const read = paths.map((path) => path.replaceAll(",", ",,")).join(",");
  const reading = mayReadAll ? ["--allow-read"] : read === "" ? [] : [`--allow-read=${read}`];
  const authority = host.includes(":") ? `[${host}]` : host;
  return {
    program,
    args: (port) => [
      ...["run", "--quiet", "--no-prompt", "--unstable-net"],
      mayUseAnyNet ? "--allow-net" : `--allow-net=${authority}:${port}`,
      ...reading,
      Deno.mainModule,
    ],
  };
}

/** This program, by the name under which it may be run. */
async function permittedProgram(): Promise<string> {
  const path = Deno.execPath();
  // A link to it, which the permission may name, is not the same to Deno.
  for (const command of [path, "deno"]) {
    if (await isGranted({ name: "run", command })) return command;
  }
  throw new CommandError(
    `there is no permission to start workers: run it with --allow-run=${path}`,
    2,
  );
}

async function isGranted(permission: Deno.PermissionDescriptor): Promise<boolean> {
  return (await Deno.permissions.query(permission)).state === "granted";
}
