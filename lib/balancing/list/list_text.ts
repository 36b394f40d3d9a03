import { resolve } from "@std/path";
import { UsageError } from "../../command.ts";

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

/** Where the text of a list came from; only a file can be read again. */
export type ListOrigin = "file" | "standard input" | "program";

/** The text of a list. */
export interface ListText {
  /** All of it. */
  readonly text: string;
  /** Where it came from. */
  readonly origin: ListOrigin;
}

/**
 * Reads the text of a list.
 *
 * @param name a path, or `-` for standard input
 * @throws {UsageError} when it cannot be read
 */
export async function readListText(name: string, builtIn: BuiltInList): Promise<ListText> {
  try {
    if (name === "-") return { text: await readStandardInput(), origin: "standard input" };
    const { state } = await Deno.permissions.query({ name: "read", path: name });
    if (state === "granted") return { text: await Deno.readTextFile(name), origin: "file" };
    if (resolve(name) === resolve(builtIn.path)) {
      return { text: (await builtIn.load()).default, origin: "program" };
    }
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
