// Asks a server for a file or a directory while another process swaps it for a link to outside and
// back, of which nothing may ever be answered, or replaces it by a rename, when it is always there.
//
//   deno task race --requests=100000

import { parseArguments } from "../../lib/cli/arguments.ts";
import { count, option } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { race, RACE_KINDS } from "./race.ts";

const parsed = parseArguments({
  name: "race",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary: "Races a process that swaps or replaces files and directories.",
  operands: {},
  options: { requests: option(count(1, 100_000_000), "100000", "requests of each kind") },
  notes: "",
}, Deno.args);
if ("text" in parsed) {
  print(parsed.text);
  Deno.exit(0);
}
let faults = 0;
for (const kind of RACE_KINDS) {
  const start = performance.now();
  const result = await race(kind, parsed.values.requests);
  const answers = [...result.answers].sort().map(([statusCode, count]) =>
    `${count} × ${statusCode}`
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  print(
    `${kind}: ${answers.join(", ")}; ${result.swaps} swaps in ${seconds} s; ` +
      `${result.leaks} answers with something from outside`,
  );
  faults += result.leaks;
  if (kind.startsWith("replaced")) faults += result.answers.get(404) ?? 0;
}
Deno.exit(faults > 0 ? 1 : 0);
