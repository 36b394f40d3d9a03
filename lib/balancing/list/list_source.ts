import { resolve } from "@std/path";
import { UsageError } from "../../command.ts";
import { parseServer } from "./server.ts";
import {
  looksLikeServer,
  type MergedServers,
  mergeServers,
  parseServerList,
} from "./server_list.ts";
import { ServerListError } from "./server_list_error.ts";

/**
 * A list that is part of the program: its text is imported, so it can be read without permission,
 * while the program runs from source.
 */
export interface BuiltInList {
  /** Its path, which the user may name. */
  readonly path: string;
  /** Imports its text. */
  readonly load: () => Promise<{ readonly default: string }>;
}

/**
 * The servers that the SERVER operands name, each once.
 *
 * @param operands `host:port`, files of lists, and `-` for a list on standard input
 * @throws {UsageError} when a list cannot be read, has a mistake in it, or there is no server at all
 */
export async function readServers(
  operands: readonly string[],
  builtIn: BuiltInList,
): Promise<MergedServers> {
  if (operands.length === 0) throw new UsageError("no SERVER is given: name one as host:port");
  if (operands.filter((operand) => operand === "-").length > 1) {
    throw new UsageError("- is given twice, but there is one standard input");
  }
  try {
    const lists = await Promise.all(operands.map(async (operand) => {
      if (looksLikeServer(operand)) return [parseServer(operand)];
      const source = operand === "-" ? "standard input" : operand;
      return parseServerList(await readList(operand, builtIn), source);
    }));
    const merged = mergeServers(lists);
    if (merged.servers.length > 0) return merged;
  } catch (error) {
    if (!(error instanceof ServerListError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
  throw new UsageError(`${operands.join(", ")}: there is no server in the list`);
}

async function readList(name: string, builtIn: BuiltInList): Promise<string> {
  try {
    if (name === "-") return await readStandardInput();
    const { state } = await Deno.permissions.query({ name: "read", path: name });
    if (state === "granted") return await Deno.readTextFile(name);
    if (resolve(name) === resolve(builtIn.path)) return (await builtIn.load()).default;
  } catch (error) {
    throw new UsageError(`${name}: ${reasonUnread(error)}`, { cause: error });
  }
  throw new UsageError(`there is no permission to read ${name}: add --allow-read=${name}`);
}

async function readStandardInput(): Promise<string> {
  let text = "";
  const pieces = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const piece of pieces) text += piece;
  return text;
}

/** An import that fails has the same code for every reason, but the reason in its message. */
function reasonUnread(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code === "EISDIR" || message.includes("ERR_UNSUPPORTED_DIR_IMPORT")) {
    return "it is a directory, not a list of servers";
  }
  if (code === "EACCES" || message.includes("Permission denied")) {
    return "permission to read it is denied";
  }
  if (code === "ENOENT" || code === "ERR_MODULE_NOT_FOUND") {
    return "there is no such file, and a server is written host:port";
  }
  return "it cannot be read";
}
