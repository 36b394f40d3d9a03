/**
 * Processes of a benchmark: where they run, how they end, and what they use (Linux).
 *
 * @module
 */

/** The cores that servers and load run on, so that neither takes time from the other. */
export interface Cores {
  readonly server: number;
  readonly load: number;
  /** For a download beside the load; where there are only two cores, the load's. */
  readonly download: number;
}

/** Cores that this process may use; undefined where there are not two, or no `taskset`. */
export function findCores(): Cores | undefined {
  if (findProgram("taskset") === undefined) return undefined;
  const status = Deno.readTextFileSync("/proc/self/status");
  const [, list = ""] = /^Cpus_allowed_list:\s+([0-9,-]+)/m.exec(status) ?? [];
  const [server, load, download = load] = list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  if (server === undefined || load === undefined || download === undefined) return undefined;
  return { server, load, download };
}

/** The path of a program, or undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  if (name === "deno") return Deno.execPath();
  // Debian keeps servers where only root's PATH leads.
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];
  return folders.map((folder) => `${folder}/${name}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** The exit status and the output of a child. */
export interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a child's standard output goes; standard error is always kept. */
export type Destination = "kept" | "discarded";

/** A process that we started: it ends, at the latest, when its scope is left. */
export class Child implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  #hasEnded = false;
  /** How it ended, once it has. */
  readonly ended: Promise<Ending>;

  /** Starts a program, given as words, with as many file descriptors as the system allows. */
  constructor(words: readonly string[], destination: Destination) {
    const shell = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
    this.#child = new Deno.Command("sh", {
      args: ["-c", shell, "sh", ...words],
      stdin: "null",
      stdout: destination === "kept" ? "piped" : "null",
      stderr: "piped",
    }).spawn();
    this.ended = this.#end(destination);
  }

  /** Its process; the shell and `taskset` become the program, so that there is only one. */
  get pid(): number {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async #end(destination: Destination): Promise<Ending> {
    const output = await this.#child.output();
    this.#hasEnded = true;
    const decoder = new TextDecoder();
    const stdout = destination === "kept" ? decoder.decode(output.stdout) : "";
    return { code: output.code, stdout, stderr: decoder.decode(output.stderr) };
  }

  /** Kills it and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
    await this.ended;
  }
}

/** Clock ticks a second in /proc; the kernel shows 100 to every program, whatever it uses itself. */
const TICKS_PER_SECOND = 100;

/** CPU seconds, of user and system, that a process and all its descendants have used. */
export function cpuSeconds(pid: number): number {
  const ticks = family(pid).map((member) => {
    const [, utime = 0, stime = 0] = statOf(member);
    return utime + stime;
  });
  return sum(ticks) / TICKS_PER_SECOND;
}

/** Resident memory of a process and all its descendants, in KiB. */
export function residentKib(pid: number): number {
  return sum(
    family(pid).map((member) => {
      const status = Deno.readTextFileSync(`/proc/${member}/status`);
      return Number(/^VmRSS:\s+([0-9]+) kB/m.exec(status)?.[1] ?? 0);
    }),
  );
}

/** A process and all its descendants. */
function family(pid: number): number[] {
  const processes = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name));
  const parents = new Map<number, number>();
  for (const process of processes.filter((it) => !Number.isNaN(it))) {
    try {
      parents.set(process, statOf(process)[0]);
    } catch {
      // It has ended since.
    }
  }
  const members = [pid];
  for (const member of members) {
    for (const [child, parent] of parents) if (parent === member) members.push(child);
  }
  return members;
}

/** Parent, utime and stime: fields 4, 14 and 15 of proc(5); field 2, a name, may hold anything. */
function statOf(pid: number): [number, number, number] {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  return [fields[1]!, fields[11]!, fields[12]!];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
