// Writes states to a file, one after the other, until it is killed; says the number of each before it
// begins with it.

import { StateFile } from "../../lib/balancing/state/state_file.ts";
import { encodeState } from "../../lib/balancing/state/state_text.ts";
import { print } from "../../lib/log/console.ts";

const [path = "", first = "", size = ""] = Deno.args;
const file = await StateFile.open(path);
if (!await file.lock()) throw new Error("Another process has the lock");
for (let number = Number(first);; number++) {
  print(`${number}`);
  const filler = JSON.stringify("x".repeat(Math.random() * Number(size)));
  await file.replace(await encodeState(number, new Map([["filler", filler]])));
}
