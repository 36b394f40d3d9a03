import { run } from "../support/process.ts";
import { Lab } from "./lab.ts";

/** What this machine lacks for a lab; undefined when there is all. */
const missing = await findMissing();

/** CI has to run these tests. */
const isCi = !["", "0", "false"].includes(Deno.env.get("CI") ?? "");

if (missing !== undefined && !isCi) {
  const line = `tests on shaped lines are not run, since this is missing: ${missing}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

/**
 * Registers a test that needs a lab. Where none can be made it is ignored, and one line says what is
 * missing; where the variable `CI` is set it fails instead.
 */
export function testOnLines(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: missing !== undefined && !isCi,
    fn: async () => {
      if (missing !== undefined) throw new Error(`This is missing: ${missing}`);
      await fn();
    },
  });
}

async function findMissing(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "Linux";
  if (Deno.uid() !== 0) return "the rights of root";
  for (const program of ["ip", "tc"]) {
    try {
      await run(program, ["-V"]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `${program}; install it with "apt-get install iproute2"`;
    }
  }
  try {
    await using lab = await Lab.with({ node: 1 });
    const { namespace } = lab.node("node");
    const { code, stderr } = await run("true", [], { namespace });
    return code === 0 ? undefined : `running in network namespaces: ${stderr.trim()}`;
  } catch (error) {
    return `network namespaces with shaped lines: ${
      error instanceof Error ? error.message : error
    }`;
  }
}
