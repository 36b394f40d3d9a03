import { listening, type ListeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** How long a balancer takes from its start until it listens, in ms. */
export interface StartTimes {
  readonly withoutState: number;
  readonly withState: number;
}

/** Starts balancers of so many servers, with a state and without; the median of some starts each. */
export async function startTimes(servers: number, times: number): Promise<StartTimes> {
  const worker = new Worker(import.meta.resolve("../bench/programs/stub_farm.ts"), {
    type: "module",
  });
  try {
    worker.postMessage(servers);
    const ports = await new Promise<number[]>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
    });
    const lines = ports.map((port) => `127.0.0.1:${port}`).join("\n");
    await using directory = await TemporaryDirectory.with({ "list.txt": lines });
    const without: number[] = [], known: number[] = [];
    await startTime(directory, true); // From now on there is a state.
    for (let time = 0; time < times; time++) {
      without.push(await startTime(directory, false));
      known.push(await startTime(directory, true));
    }
    return { withoutState: median(without), withState: median(known) };
  } finally {
    worker.terminate();
  }
}

async function startTime({ path }: TemporaryDirectory, isKept: boolean): Promise<number> {
  const permissions = ["--allow-net", `--allow-read=${path}`, `--allow-write=${path}`];
  const state = isKept ? [`--state=${path}/state`] : [];
  const args = ["--host=127.0.0.1", "--port=0", "--log=none", ...state, `${path}/list.txt`];
  const before = performance.now();
  await using balancer: ListeningRole = await listening(
    startRole("balancer", args, { permissions }),
  );
  const elapsedMs = performance.now() - before;
  balancer.process.signal("SIGTERM");
  await balancer.process.ended;
  return elapsedMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
