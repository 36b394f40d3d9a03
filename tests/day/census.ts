import { childrenOf } from "../support/children.ts";

/** What a process takes up at a moment (Linux). */
export interface Usage {
  readonly pid: number;
  /** In MiB. */
  readonly memory: number;
  /** Open descriptors. */
  readonly descriptors: number;
}

/** What a balancer and its workers take up at a moment. */
export interface Census {
  /** When, in words. */
  readonly when: string;
  readonly parent: Usage;
  readonly workers: readonly Usage[];
}

/** Takes a census of a process and its children. */
export async function censusOf(pid: number, when: string): Promise<Census> {
  const workers = (await childrenOf(pid)).map(usageOf).filter((usage) => usage !== undefined);
  return { when, parent: usageOf(pid)!, workers };
}

/** Undefined of a process that has ended. */
function usageOf(pid: number): Usage | undefined {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const [, kib = "0"] = /^VmRSS:\s+([0-9]+) kB/m.exec(status) ?? [];
    const descriptors = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
    return { pid, memory: Number(kib) / 1024, descriptors };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
