// Swaps a file or a directory for a link to outside and back, as fast as it can, until it is told to
// stop; then it says how often. `WHAT` is `file` or `directory`, `DIRECTORY` holds `outside` and
// `root`, in which `swapped` stands.
//
//   deno run -A tests/race/swapper.ts WHAT DIRECTORY

import { print } from "../../lib/log.ts";

const [what, directory = ""] = Deno.args;
Deno.chdir(`${directory}/root`);
let swaps = 0;
let isOver = false;
Deno.addSignalListener("SIGTERM", () => isOver = true);
while (!isOver) {
  for (let i = 0; i < 100; i++) what === "file" ? swapFile() : swapDirectory();
  // A turn, so that the signal is seen.
  await new Promise((resolve) => setTimeout(resolve, 0));
}
print(`${swaps} swaps`);
Deno.exit(0);

/** There is always something under the name. */
function swapFile(): void {
  Deno.symlinkSync("../outside", "../next");
  Deno.renameSync("../next", "swapped");
  Deno.linkSync("../inside", "../next");
  Deno.renameSync("../next", "swapped");
  swaps += 2;
}

function swapDirectory(): void {
  Deno.renameSync("swapped", "../inside");
  Deno.renameSync("../link", "swapped");
  Deno.renameSync("swapped", "../link");
  Deno.renameSync("../inside", "swapped");
  swaps += 2;
}
