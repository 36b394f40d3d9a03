// Lets every system call of the roles fail in turn, and looks at what comes of it.
//
//   deno task torture --scenario=client

import { runCommand } from "../../lib/cli/arguments.ts";
import { count, option, optional, text } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { openScenarios } from "./scenarios.ts";
import { nameOf, torture } from "./torture.ts";

await runCommand({
  name: "torture",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary:
    "Lets the first, second, … call of each kind fail (open, read, write, rename, accept, connect, …) " +
    "in a role that serves, redirects or downloads, until a run makes no more of them: once as a " +
    "failure that passes, once as one that lasts. None may bring a crash, a hang, a wrong file or a leak.",
  operands: {},
  options: {
    scenario: optional(text("NAME"), "only those whose name begins so"),
    most: option(count(1, 1e6), "1000", "calls of each kind that fail in turn"),
    jobs: option(count(1, 100), "3", "trials at a time"),
  },
  notes: "",
}, async ({ scenario: prefix = "", most, jobs }) => {
  await using opened = await openScenarios();
  let problems = 0;
  for (const scenario of opened.scenarios) {
    if (!scenario.name.startsWith(prefix)) continue;
    const { failures, verdicts } = await torture(scenario, {
      most,
      jobs,
      onVerdict: (verdict) => {
        if (verdict.problems.length === 0) return;
        problems++;
        print(`${scenario.name}, ${nameOf(verdict.injection)}: ${verdict.problems.join("\n  ")}`);
        for (const line of verdict.stack?.split("\n").slice(1) ?? []) print(`    ${line.trim()}`);
      },
    });
    const counts = [...failures].map(([point, count]) => `${point} ${count}`).join(", ");
    print(`${scenario.name}: ${verdicts.length} runs; failed calls: ${counts}`);
  }
  print(problems === 0 ? "nothing wrong" : `${problems} runs went wrong`);
  return problems > 0 ? 1 : 0;
});
