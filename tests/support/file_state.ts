/** How long, in ms, between two looks. */
const PAUSE_MS = 10;

/** Long enough, in ms, that only what will never happen takes longer. */
const TOO_LONG_MS = 30_000;

/** Waits until somebody has written so many octets into a file. */
export async function fileGrownTo(path: string, size: number): Promise<void> {
  await until(async () => await sizeOf(path) >= size, `${path} does not grow to ${size} octets`);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Waits until so many descriptors, of whatever processes, lead to a file (Linux). */
export async function openedBy(path: string, count: number): Promise<void> {
  await until(() => openers(path) === count, `${path} is not open ${count} times`);
}

/** How many descriptors of all processes lead to a file (Linux). */
function openers(path: string): number {
  const processes = namesIn("/proc").filter((name) => /^[0-9]+$/.test(name));
  const descriptors = processes.flatMap((pid) =>
    namesIn(`/proc/${pid}/fd`).map((name) => `/proc/${pid}/fd/${name}`)
  );
  return descriptors.filter((descriptor) => targetOf(descriptor) === path).length;
}

function namesIn(path: string): string[] {
  try {
    return Array.from(Deno.readDirSync(path), ({ name }) => name);
  } catch {
    return []; // It is over, or not ours.
  }
}

function targetOf(link: string): string | undefined {
  try {
    return Deno.readLinkSync(link);
  } catch {
    return undefined; // It is closed by now.
  }
}

async function until(isSo: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  const tooLate = performance.now() + TOO_LONG_MS;
  while (!await isSo()) {
    if (performance.now() > tooLate) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
