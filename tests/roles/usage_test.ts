import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { BALANCER_COMMAND } from "../../lib/balancing/balancer_options.ts";
import { parseArguments } from "../../lib/cli/arguments.ts";
import { type Command, UsageError } from "../../lib/cli/command.ts";
import type { Options } from "../../lib/cli/option.ts";
import { CLIENT_COMMAND } from "../../lib/download/client_options.ts";
import { assertRefused, type RoleName, runRole } from "../support/role.ts";

const ROLES: readonly RoleName[] = ["server", "balancer", "client"];

Deno.test("every role prints its help on standard output and ends well", async () => {
  for (const role of ROLES) {
    const { code, stdout, stderr } = await runRole(role, ["-h", "operand"]);
    assertMatch(stdout, new RegExp(`^Usage: deno run --allow-net .*${role}\\.ts `));
    assertMatch(stdout, /^ +--version +\S/m);
    assertEquals(stdout.split("\n").filter((line) => line.length > 80), []);
    assertEquals([code, stderr], [0, ""]);
  }
});

Deno.test("every role prints its version on standard output and ends well", async () => {
  for (const role of ROLES) {
    const { code, stdout, stderr } = await runRole(role, ["--version"]);
    assertEquals([code, stderr], [0, ""]);
    const { deno, v8 } = Deno.version;
    const start = `${role} ${config.version} (deno ${deno}, v8 ${v8}, `;
    assert(stdout.startsWith(start) && stdout.endsWith(")\n"), stdout);
  }
});

/** Arguments, and what the one line says that is wrong with them. */
type Mistake = readonly [args: readonly string[], line: RegExp];

/** Each role is started with these; the grammar of options has tests of its own. */
const MISTAKES: Readonly<Record<RoleName, readonly Mistake[]>> = {
  server: [
    [["--prot=1"], /unknown option --prot; did you mean --port\?/],
    [["--port=65536"], /--port=65536: a number from 0 to 65535 is accepted/],
    [["--limit-rate=1X"], /--limit-rate=1X: a size such as/],
    [["--log=xml"], /--log=xml: common, combined, json or none is accepted/],
    [["--grace=5"], /--grace=5: a duration/],
    [["--version", "--nonsense"], /unknown option --nonsense/],
    [["one", "two"], /only one ROOT/],
  ],
  balancer: [
    [[], /no SERVER is given/],
    [["--intervall=1s", "a:1"], /unknown option --intervall; did you mean --interval\?/],
    [["a:1,weight=0"], /"a:1,weight=0" has the weight 0/],
  ],
  client: [
    [[], /no URL is given/],
    [["--outputs=a", "http://a/"], /unknown option --outputs; did you mean --output\?/],
    [["-o", "a", "http://a/1", "http://a/2"], /--output=a takes one URL, but 2 are given/],
    [["http://a/x", "http://b/x"], /two URLs would be saved as x/],
  ],
};

for (const role of ROLES) {
  Deno.test(`${role} names a mistake in its arguments in one line and ends with 2`, async () => {
    for (const [args, line] of MISTAKES[role]) {
      const refused = await runRole(role, args);
      assertRefused(refused, 2, new RegExp(`^${role}: .*${line.source}`));
    }
  });
}

const BALANCER_VALUES: readonly Mistake[] = [
  [["--interval=0s"], /--interval=0s: a duration from 1ms/],
  [["--interval=5"], /--interval=5: a duration/],
  [["--interval=1s", "--interval=1s"], /--interval is given twice/],
  [["--probe-timeout=soon"], /--probe-timeout=soon: a duration/],
  [["--probe-path=test.bin"], /--probe-path=test\.bin: a path that begins with \//],
  [["--probe-path=/a b"], /--probe-path=\/a b: a path/],
  [["--status=300"], /--status=300: 301, 302, 303, 307 or 308 is accepted/],
  [["--policy=fastest"], /--policy=fastest: rank, speed, .* is accepted/],
  [["--fall=0"], /--fall=0: a number from 1 to 1000/],
  [["--rise=-1"], /--rise=-1: a number from 0 to 1000/],
  [["--probe-concurrency=0"], /--probe-concurrency=0: a number from 1/],
  [["--min-speed=fast"], /--min-speed=fast: a size/],
  [["--alternatives=11"], /--alternatives=11: a number from 0 to 10/],
];

const CLIENT_VALUES: readonly Mistake[] = [
  [["-o", "a", "-o", "b"], /-o, --output is given twice/],
  [["-o"], /--output needs a value/],
  [["--max-redirects=-1"], /--max-redirects=-1: a number/],
  [["--timeout=0ms"], /--timeout=0ms: a duration from 1ms/],
];

Deno.test("options of the balancer and the client refuse values that they cannot have", () => {
  const check = (command: Command<Options>, mistakes: readonly Mistake[]) => {
    for (const [args, line] of mistakes) {
      const { message } = assertThrows(() => parseArguments(command, args), UsageError);
      assertMatch(message, line);
    }
  };
  check(BALANCER_COMMAND, BALANCER_VALUES);
  check(CLIENT_COMMAND, CLIENT_VALUES);
});
