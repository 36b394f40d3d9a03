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
