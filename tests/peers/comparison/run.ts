// Asks our server, nginx and Caddy the same of the same files, and says where we differ and why.
//
//   deno task compare

import { print, say } from "../../../lib/log/console.ts";
import { isInstalled } from "../../support/caddy.ts";
import { compare } from "./comparison.ts";
import type { FileServerName } from "./file_server.ts";
import { accidents, decisionTable, likenessTable } from "./summary.ts";

const names: FileServerName[] = ["ours", "nginx"];
if (isInstalled()) names.push("Caddy");
else say('caddy is missing, and left out: install it with "apt-get install caddy"');

const all = await compare(names);
const undecided = accidents(all);
for (const line of [...likenessTable(all), "", ...decisionTable(all)]) print(line);
for (const line of undecided) print(`undecided: ${line}`);
Deno.exit(undecided.length > 0 ? 1 : 0);
