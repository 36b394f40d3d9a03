import { assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { assertRefused, type RoleName, runRole } from "../support/role.ts";

const ROLES: readonly RoleName[] = ["server", "balancer", "client"];

Deno.test("every role prints its help on standard output and ends well", async () => {
  for (const role of ROLES) {
    for (const args of [["--help"], ["-h"], ["--help", "operand"]]) {
      const { code, stdout, stderr } = await runRole(role, args);
      assertMatch(stdout, new RegExp(`^Usage: deno run --allow-net .*${role}\\.ts `));
      assertMatch(stdout, /^ +--version +\S/m);
      assertEquals(stdout.split("\n").filter((line) => line.length > 80), []);
      assertEquals([code, stderr], [0, ""]);
    }
  }
});

Deno.test("every role prints its version on standard output and ends well", async () => {
  for (const role of ROLES) {
    const { code, stdout, stderr } = await runRole(role, ["--version"]);
    assertEquals([code, stdout, stderr], [0, `${role} ${config.version}\n`, ""]);
  }
});

/** Arguments that are a mistake, and what the one line says about it. */
const MISTAKES: Readonly<Record<RoleName, readonly (readonly [string[], RegExp])[]>> = {
  server: [
    [["--prot=1"], /unknown option --prot; did you mean --port\?/],
    [["-x"], /unknown option -x /],
    [["--port=1", "--port=2"], /--port is given twice/],
    [["--port=65536"], /--port=65536: a number from 0 to 65535 is accepted/],
    [["--port=http"], /--port=http: a number/],
    [["--port="], /--port needs a value/],
    [["--host="], /--host needs a value/],
    [["--limit-rate=1X"], /--limit-rate=1X: a size such as/],
    [["--log=xml"], /--log=xml: common, combined, json or none is accepted/],
    [["--grace=5"], /--grace=5: a duration/],
    [["--help=yes"], /--help takes no value/],
    [["--version", "--nonsense"], /unknown option --nonsense/],
    [["one", "two"], /only one ROOT/],
  ],
  balancer: [
    [[], /no SERVER is given/],
    [["--intervall=1s", "a:1"], /unknown option --intervall; did you mean --interval\?/],
    [["--interval=0s", "a:1"], /--interval=0s: a duration from 1ms/],
    [["--interval=5", "a:1"], /--interval=5: a duration/],
    [["--interval=1s", "--interval=1s", "a:1"], /--interval is given twice/],
    [["--probe-timeout=soon", "a:1"], /--probe-timeout=soon: a duration/],
    [["--probe-path=test.bin", "a:1"], /--probe-path=test\.bin: a path that begins with \//],
    [["--probe-path=/a b", "a:1"], /--probe-path=\/a b: a path/],
    [["--status=300", "a:1"], /--status=300: 301, 302, 303, 307 or 308 is accepted/],
    [["--policy=fastest", "a:1"], /--policy=fastest: rank, speed, .* is accepted/],
    [["--fall=0", "a:1"], /--fall=0: a number from 1 to 1000/],
    [["--rise=-1", "a:1"], /--rise=-1: a number from 0 to 1000/],
    [["--probe-concurrency=0", "a:1"], /--probe-concurrency=0: a number from 1/],
    [["--min-speed=fast", "a:1"], /--min-speed=fast: a size/],
    [["--alternatives=11", "a:1"], /--alternatives=11: a number from 0 to 10/],
    [["a:1=ftp://b"], /"a:1=ftp:\/\/b" has "ftp:\/\/b" where a URL for clients/],
    [["a:1,weight=0"], /"a:1,weight=0" has the weight 0/],
    [["https://a/?b"], /"https:\/\/a\/\?b" has a query/],
  ],
  client: [
    [[], /no URL is given/],
    [["--outputs=a", "http://a/"], /unknown option --outputs; did you mean --output\?/],
    [["-o", "a", "-o", "b", "http://a/"], /-o, --output is given twice/],
    [["-o"], /--output needs a value/],
    [["-o", "a", "http://a/1", "http://a/2"], /--output=a takes one URL, but 2 are given/],
    [["--max-redirects=-1", "http://a/"], /--max-redirects=-1: a number/],
    [["--timeout=0ms", "http://a/"], /--timeout=0ms: a duration from 1ms/],
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
