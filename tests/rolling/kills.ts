import { fromFileUrl } from "@std/path";
import { StateFile } from "../../lib/balancing/state/state_file.ts";
import { decodeState } from "../../lib/balancing/state/state_text.ts";
import { Process } from "../support/process.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** What came of killing processes that write a state. */
export interface KillsResult {
  /** States that were written in all. */
  readonly states: number;
  /** How many of the killed left a successor beside the file, half written or whole. */
  readonly interrupted: number;
  /** All that must not happen. */
  readonly failures: readonly string[];
}

/** The largest state, in bytes. */
const MOST_BYTES = 256 * 1024;

/** The latest moment of a kill after the first state was begun, in ms. */
const LATEST_MS = 20;

/** Kills so many processes, each at some moment of writing states, and reads what they left. */
export async function killWriters(kills: number): Promise<KillsResult> {
  await using directory = await TemporaryDirectory.with();
  const path = directory.join("state");
  const failures: string[] = [];
  let first = 1, last = 0, interrupted = 0;
  for (let kill = 0; kill < kills; kill++) {
    const begun = await killOne(path, first);
    const names = await directory.names();
    if (names.includes("state.new")) interrupted++;
    const file = await StateFile.open(path);
    try {
      if (!await file.lock()) throw new Error("the lock was not given back");
      const bytes = await file.read();
      const found = bytes === undefined ? 0 : (await decodeState(bytes)).savedAt;
      const before = begun > first ? begun - 1 : last;
      if (found !== begun && found !== before) {
        throw new Error(`state ${found} was found, but ${before} was written, and ${begun} begun`);
      }
      last = found;
    } catch (error) {
      failures.push(`after kill ${kill + 1}: ${error}`);
    } finally {
      file.unlock();
    }
    first = begun + 1;
  }
  return { states: first - 1, interrupted, failures };
}

/** @returns the number of the last state that it had begun */
async function killOne(path: string, first: number): Promise<number> {
  const script = fromFileUrl(import.meta.resolve("./state_writer.ts"));
  const args = ["run", "--quiet", "-A", script, path, `${first}`, `${MOST_BYTES}`];
  await using writer = new Process(Deno.execPath(), args);
  await writer.stdout.next(/^/);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * LATEST_MS));
  writer.signal("SIGKILL");
  await writer.ended;
  return Number(writer.stdout.lines.at(-1));
}
