/** The process numbers of a process's children (Linux). */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((it) => it.trim() !== "").map(Number);
}

/** Waits until something is so, which it is to become within the life of a test. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
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

/** Waits until a process handles a signal, of that number, itself (Linux). */
export async function untilItHandles(pid: number, signalNumber: number): Promise<void> {
  await eventually(async () => {
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
