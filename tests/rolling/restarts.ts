import { assertEquals } from "@std/assert";
import { decodeState } from "../../lib/balancing/state/state_text.ts";
import { said } from "../support/balancer.ts";
import { type CrowdOptions, keepAsking, type RequestCounts } from "../support/crowd.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { listening, type ListeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** What came of replacing a balancer again and again. */
export interface RestartsResult {
  readonly load: RequestCounts;
  readonly seconds: number;
  /** How long each new one took until it listened, in ms. */
  readonly startMs: readonly number[];
  /** Redirects that the last one has counted, its predecessors' included. */
  readonly counted: number;
}

/** Longer than such a run takes, in ms. */
const LONGEST_LIFE_MS = 600_000;

/**
 * Replaces a balancer so many times while clients ask it: a new one starts at the same port, with the
 * same state, and once it listens the old one is told to stop.
 */
export async function restartBalancers(
  restarts: number,
  crowd: CrowdOptions,
): Promise<RestartsResult> {
  await using directory = await TemporaryDirectory.with();
  await using farm = new FakeServer(answering("200 OK", "test"));
  await using other = new FakeServer(answering("200 OK", "test"));
  const start = (port: number) => {
    const { path } = directory;
    const permissions = ["--allow-net", `--allow-read=${path}`, `--allow-write=${path}`];
    const options = ["--share-port", `--state=${path}/state`, "--log=none", "--host=127.0.0.1"];
    const args = [...options, `--port=${port}`, farm.authority, other.authority];
    return listening(startRole("balancer", args, { permissions, longestLifeMs: LONGEST_LIFE_MS }));
  };
  let balancer: ListeningRole = await start(0);
  const { port } = balancer;
  const begunAt = performance.now();
  const over = new AbortController();
  const asking = keepAsking(port, "/file", { statusCode: 301, ...crowd }, over.signal);
  const startMs: number[] = [];
  try {
    for (let restart = 0; restart < restarts; restart++) {
      const before = performance.now();
      const next = await start(port);
      startMs.push(performance.now() - before);
      await stop(balancer);
      balancer = next;
      await said(balancer, "this one goes on with it once that has ended");
      for (let times = 0; times < 2; times++) await said(balancer, "the state of .* was adopted");
    }
    over.abort();
    const load = await asking;
    const seconds = (performance.now() - begunAt) / 1000;
    await stop(balancer);
    return { load, seconds, startMs, counted: await redirectsIn(directory) };
  } finally {
    over.abort();
    await asking;
    await balancer[Symbol.asyncDispose]();
  }
}

async function stop({ process }: ListeningRole): Promise<void> {
  process.signal("SIGTERM");
  const { code } = await process.ended;
  assertEquals(code, 0, process.stderr.text);
}

async function redirectsIn(directory: TemporaryDirectory): Promise<number> {
  const { parts } = await decodeState(await directory.read("state"));
  const { redirects } = parts.get("clients") as { redirects: Record<string, number> };
  return Object.values(redirects).reduce((sum, count) => sum + count, 0);
}
