import { say } from "../log.ts";
import type { Display } from "./display.ts";
import type { Output } from "./output.ts";
import { shownPart } from "./part_name.ts";

/**
 * From now on a signal to end the process keeps what has arrived, says how to go on with it, and
 * ends the process with the status that a shell gives it: 128 and the signal's number.
 *
 * @param open the outputs that are open at the time, by their names
 */
export function keepWhenInterrupted(open: ReadonlyMap<string, Output>, display: Display): void {
  const exitStatuses = { SIGINT: 130, ...(Deno.build.os !== "windows" && { SIGTERM: 143 }) };
  for (const [signal, exitStatus] of Object.entries(exitStatuses)) {
    Deno.addSignalListener(signal as Deno.Signal, () => {
      for (const name of open.keys()) display.end(name);
      for (const [name, output] of open) keep(name, output);
      say("client: interrupted");
      Deno.exit(exitStatus);
    });
  }
}

function keep(name: string, output: Output): void {
  const { kept, received } = output;
  if (!output.abandon(true)) return;
  const how = kept === undefined
    ? "its server names no strong ETag, so it cannot be gone on with"
    : "the same command with --continue goes on with it";
  say(`${shownPart(name, output.partName)} is kept, ${received} bytes: ${how}`);
}
