// Reads a great many mutated messages.
//
//   deno task fuzz [--cases=1000000] [--seed=1]

import { runCommand } from "../../lib/cli/arguments.ts";
import { count, option } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { fuzz } from "./fuzz.ts";
import { PROPERTIES } from "./properties.ts";

await runCommand({
  name: "fuzz",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary: "Reads mutated messages, whole and split, then tries properties of all messages a " +
    "hundredth as often, and stops at the first that fails.",
  operands: {},
  options: {
    cases: option(count(1, 1e9), "100000", "how many"),
    seed: option(count(0, 2 ** 31), "1", "the same seed gives the same cases"),
  },
  notes: "",
}, ({ cases, seed }) => {
  const start = performance.now();
  const { understood, refused } = fuzz(seed, cases);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  print(
    `seed ${seed}: ${cases} cases, ${understood} messages understood, ${refused} refused, ` +
      `${cases - refused} ended otherwise; ${seconds} s`,
  );
  const numRuns = Math.ceil(cases / 100);
  for (const [name, holds] of Object.entries(PROPERTIES)) {
    holds({ seed, numRuns });
    print(`seed ${seed}: ${numRuns} times: ${name}`);
  }
  return Promise.resolve(0);
});
