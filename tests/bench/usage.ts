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
