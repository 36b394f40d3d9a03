import { CommandError } from "../../lib/cli/command.ts";
import { say } from "../../lib/log/console.ts";
import { freePort } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import {
  Child,
  type Cores,
  cpuSeconds,
  type Destination,
  type Ending,
  findCores,
  findProgram,
  residentKib,
} from "./processes.ts";
import type { Recipe } from "./recipes.ts";
import { type Name, Results } from "./results.ts";

/** The options of the command. */
export interface BenchOptions {
  /** For each measurement. */
  readonly seconds: number;
  /** Of measurements, interleaved. */
  readonly rounds: number;
  /** Short ones that memory is watched over. */
  readonly connections: number;
}

/** A benchmark under way: when it is left, no process and no file of it remains. */
export class BenchRunner implements AsyncDisposable {
  readonly options: BenchOptions;
  /** What is served, and what contestants need. */
  readonly directory: TemporaryDirectory;
  /** Where downloads go: in memory, unless there is too little. */
  readonly received: string;
  readonly cores: Cores | undefined = findCores();
  readonly results: Results = new Results();
  /** Before anything started: far above 0, others use this machine too. */
  readonly loadAverage: number = Deno.loadavg()[0]!;
  /** Programs that are not installed, with the contestants that miss them. */
  readonly missing: Map<string, string[]> = new Map();
  readonly #children = new Set<Child>();
  #isOver = false;

  private constructor(options: BenchOptions, directory: TemporaryDirectory, received: string) {
    this.options = options;
    this.directory = directory;
    this.received = received;
  }

  /** Makes its directories. */
  static async with(options: BenchOptions): Promise<BenchRunner> {
    const directory = await TemporaryDirectory.with();
    const dir = await hasRoomInMemory() ? "/dev/shm" : directory.path;
    return new BenchRunner(
      options,
      directory,
      await Deno.makeTempDir({ dir, prefix: "load-balancer-" }),
    );
  }

  /** Starts a program on the core that is meant for such. */
  spawn(on: keyof Cores, words: readonly string[], destination: Destination): Child {
    if (this.#isOver) throw new Error("The benchmark is over");
    const pin = this.cores === undefined ? [] : ["taskset", "-c", `${this.cores[on]}`];
    const child = new Child([...pin, ...words], destination);
    this.#children.add(child);
    child.ended.finally(() => this.#children.delete(child));
    return child;
  }

  /** Runs a program on the core of the load to its end, which must be a good one. */
  async run(words: readonly string[], destination: Destination = "kept"): Promise<Ending> {
    await using child = this.spawn("load", words, destination);
    const ending = await child.ended;
    if (ending.code === 0) return ending;
    throw new CommandError(`${words.join(" ")} ended with ${ending.code}: ${ending.stderr}`, 1);
  }

  /** Starts a contestant; undefined, and noted, when its program is not installed. */
  async start(recipe: Recipe): Promise<Contestant | undefined> {
    const program = this.find(recipe.program, recipe.name);
    if (program === undefined) return undefined;
    const port = freePort();
    const directory = Deno.makeTempDirSync({ dir: this.directory.path });
    const variables = Object.entries(recipe.env?.(directory) ?? {});
    const env = variables.length > 0
      ? ["env", ...variables.map(([key, it]) => `${key}=${it}`)]
      : [];
    const words = [...env, program, ...recipe.args(port, directory)];
    const contestant = new Contestant(recipe, port, this.spawn("server", words, "discarded"));
    await contestant.listens();
    return contestant;
  }

  /** Starts those contestants whose programs are installed, to be ended with the stack. */
  async startAll(recipes: readonly Recipe[], stack: AsyncDisposableStack): Promise<Contestant[]> {
    const contestants: Contestant[] = [];
    for (const recipe of recipes) {
      const contestant = await this.start(recipe);
      if (contestant !== undefined) contestants.push(stack.use(contestant));
    }
    return contestants;
  }

  /** The path of a program; undefined, and noted, when it is not installed. */
  find(program: string, contestant: string): string | undefined {
    const path = findProgram(program);
    const known = this.missing.get(program) ?? [];
    if (path === undefined) this.missing.set(program, [...new Set([...known, contestant])]);
    return path;
  }

  /** Measures as often as the options say; `suite` stands in what is said meanwhile. */
  async repeat(suite: string, measureRound: () => Promise<void>): Promise<void> {
    for (let round = 1; round <= this.options.rounds; round++) {
      say(`bench: ${suite}, round ${round} of ${this.options.rounds}`);
      await measureRound();
    }
  }

  /** Ends all processes and removes all files. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#children].map((child) => child[Symbol.asyncDispose]()));
    await Deno.remove(this.received, { recursive: true });
    await this.directory[Symbol.asyncDispose]();
  }
}

/** A download of 1 GiB, the file it comes from in the page cache, and some to spare. */
const ROOM_KIB = 3 * 1024 ** 2;

/** Whether downloads have room in memory; in a container /dev/shm is often small. */
async function hasRoomInMemory(): Promise<boolean> {
  try {
    const df = new Deno.Command("df", { args: ["-k", "--output=avail", "/dev/shm"] });
    const { stdout } = await df.output();
    const [, available] = new TextDecoder().decode(stdout).split("\n").map(Number);
    const memory = /^MemAvailable:\s+([0-9]+)/m.exec(Deno.readTextFileSync("/proc/meminfo"))?.[1];
    return Math.min(available!, Number(memory)) >= ROOM_KIB;
  } catch {
    return false;
  }
}

const START_DEADLINE_MS = 10_000;
const START_POLL_MS = 10;

/** A server that takes part: one of ours, or a peer. */
export class Contestant implements AsyncDisposable {
  readonly name: Name;
  readonly port: number;
  /** `http://127.0.0.1:PORT`, or `https://`. */
  readonly origin: string;
  /** Whether its code is compiled only once it has run for a while. */
  readonly isCompiledLate: boolean;
  readonly #child: Child;

  /** It need not listen yet. */
  constructor({ name, program, scheme = "http" }: Recipe, port: number, child: Child) {
    this.name = name;
    this.isCompiledLate = program === "deno" || program === "node";
    this.port = port;
    this.origin = `${scheme}://127.0.0.1:${port}`;
    this.#child = child;
  }

  /** CPU seconds that it has used until now. */
  get cpuSeconds(): number {
    return cpuSeconds(this.#child.pid);
  }

  /** Memory that it holds now. */
  get residentKib(): number {
    return residentKib(this.#child.pid);
  }

  /** Waits until connections are accepted. */
  async listens(): Promise<void> {
    const until = performance.now() + START_DEADLINE_MS;
    while (!this.#child.hasEnded && performance.now() < until) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, START_POLL_MS));
      }
    }
    await this[Symbol.asyncDispose]();
    const { stderr } = await this.#child.ended;
    throw new CommandError(`${this.name} does not listen: ${stderr}`, 1);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
