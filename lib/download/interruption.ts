import { say } from "../log/console.ts";
import type { Display } from "./display.ts";
import { leftoverLine, type Output } from "./output.ts";

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
  const { partName, received } = output;
  const line = leftoverLine(name, partName, received, output.abandon(true));
  if (line !== undefined) say(line);
}
