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
