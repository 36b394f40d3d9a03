// Swaps what a server is asked for, until it is told to stop; then it prints how often. It prints
// `swapping` once it has begun. `DIRECTORY` holds `root`, in which `swapped` stands. `WHAT` is
//
// - `file` or `directory`: for a link to outside and back, as fast as it can
// - `replace`: a file for a new one by a rename, `RATE` times a second, or as fast as it can
// - `replace below`: the same, while the directory above is changed as often
//
//   deno run -A tests/race/swapper.ts WHAT DIRECTORY [RATE]

import { print } from "../../lib/log/console.ts";

const [what, directory = "", rate] = Deno.args;
const swap =
  { file: swapFile, directory: swapDirectory, replace, "replace below": replaceBelow }[what ?? ""];
if (swap === undefined) throw new TypeError(`Nothing can be swapped as ${what}.`);
Deno.chdir(`${directory}/root`);
let swaps = 0;
let isOver = false;
Deno.addSignalListener("SIGTERM", () => isOver = true);
swap();
print("swapping");
const start = performance.now();
while (!isOver) {
  const due = rate === undefined
    ? swaps + 100
    : Math.floor((performance.now() - start) / 1000 * Number(rate));
  while (swaps < due) {
    swap();
    swaps++;
  }
  // A turn, so that the signal is seen.
  await new Promise((resolve) => setTimeout(resolve, rate === undefined ? 0 : 1));
}
print(`${swaps} swaps`);
Deno.exit(0);

/** There is always something under the name. */
function swapFile(): void {
  Deno.symlinkSync("../outside", "../next");
  Deno.renameSync("../next", "swapped");
  Deno.linkSync("../inside", "../next");
  Deno.renameSync("../next", "swapped");
}

function swapDirectory(): void {
  Deno.renameSync("swapped", "../inside");
  Deno.renameSync("../link", "swapped");
  Deno.renameSync("swapped", "../link");
  Deno.renameSync("../inside", "swapped");
}

/** As careful tools write: there is always a whole file under the name. */
function replace(): void {
  Deno.writeTextFileSync("swapped/next", `inside ${swaps}`.padEnd(1000, "."));
  Deno.renameSync("swapped/next", "swapped/file");
}

function replaceBelow(): void {
  Deno.mkdirSync("other");
  replace();
  Deno.removeSync("other");
}
