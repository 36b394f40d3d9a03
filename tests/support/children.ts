/** The process numbers of a process's children (Linux). */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((it) => it.trim() !== "").map(Number);
}

/** Far longer than anything that a test waits for takes on a machine that is busy. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Waits until something is so.
 *
 * @throws {Error} that shows the condition, when it is not so for far too long
 */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!(await isSo())) {
    if (performance.now() - start > LONGEST_WAIT_MS) throw new Error(`It never became so: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether there is a process of that number that has not ended. */
export function isRunning(pid: number): boolean {
  try {
    // In its third field: Z for one that nobody has waited for.
    return !/\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Waits until a child process handles a signal, of that number, itself (Linux). */
export async function untilItHandles(pid: number, signalNumber: number): Promise<void> {
  const own = await Deno.readTextFile("/proc/self/cmdline");
  await eventually(async () => {
    // Until it has become another program, its handlers are those of this process.
    const commandLine = await Deno.readTextFile(`/proc/${pid}/cmdline`);
    if (commandLine === own || commandLine === "") return false;
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1]}`);
    return (caught >> BigInt(signalNumber - 1) & 1n) === 1n;
  });
}

/** How many sockets a process has open (Linux). */
export async function openSockets(pid: number): Promise<number> {
  const path = `/proc/${pid}/fd`;
  const descriptors = await Array.fromAsync(Deno.readDir(path), ({ name }) => `${path}/${name}`);
  const targets = await Promise.all(descriptors.map((it) => Deno.readLink(it).catch(() => "")));
  return targets.filter((target) => target.startsWith("socket:")).length;
}
