import { Process } from "../support/process.ts";
import { listening, type ListeningRole, PROJECT } from "../support/role.ts";

/** A balancer started with the command line of a file. */
export interface Deployed extends AsyncDisposable {
  readonly balancer: ListeningRole;
  /** Where it shows how the farm stands. */
  readonly admin: string;
}

/**
 * Starts a balancer with such a command line, but on free ports of 127.0.0.1.
 *
 * @param words those behind `deno`
 * @param changes what of them is somewhere else here, and where
 * @throws {Error} when it does not listen
 */
export async function deployed(
  words: readonly string[],
  changes: Readonly<Record<string, string>>,
): Promise<Deployed> {
  const here = (word: string) =>
    Object.entries(changes).reduce((text, [from, to]) => text.replaceAll(from, to), word)
      .replace(/^--admin=.*/, "--admin=127.0.0.1:0");
  const args = [...words.map(here), "--host=127.0.0.1", "--port=0"];
  const process = new Process(Deno.execPath(), args, { cwd: PROJECT });
  const balancer = await listening(process);
  const [, admin] = /shown at (\S+)\//.exec(process.stderr.text) ?? [];
  if (admin === undefined) throw new Error(`It does not say where: ${process.stderr.text}`);
  const end = () => balancer[Symbol.asyncDispose]();
  return { balancer, admin, [Symbol.asyncDispose]: end };
}

/** The status code of an answer, which is not followed. */
export async function statusOf(url: string): Promise<number> {
  const response = await fetch(url, { redirect: "manual" });
  await response.body?.cancel();
  return response.status;
}
