import { resolve } from "@std/path";
import { toText } from "@std/streams/to-text";
import { UsageError } from "../../cli/command.ts";

/**
 * A list that is part of the program: imported, so that it needs no permission when run from
 * source.
 */
export interface BuiltInList {
  /** Its path, which the user may name. */
  readonly path: string;
  /** Imports its text. */
  readonly load: () => Promise<{ readonly default: string }>;
}

/** The most bytes of a list, ten times those of 100,000 servers; /dev/zero has no end. */
const MOST_BYTES = 32 * 1024 * 1024;

const PIECE_BYTES = 64 * 1024;

/** Where a list came from; only a file can be read again. */
export type ListOrigin = "file" | "pipe" | "standard input" | "program";

/** The text of a list. */
export interface ListText {
  /** All of it. */
  readonly text: string;
  /** Its origin. */
  readonly origin: ListOrigin;
}

/**
 * Reads the text of a list.
 *
 * @param name a path, or `-` for standard input
 * @param mayBePipe whether it may be readable only once, such as `<(command)`
 * @throws {UsageError} if it cannot be read
 */
export async function readListText(
  name: string,
  builtIn: BuiltInList,
  mayBePipe = true,
): Promise<ListText> {
  try {
    if (name === "-") return { text: await toText(Deno.stdin.readable), origin: "standard input" };
    const { state } = await Deno.permissions.query({ name: "read", path: name });
    if (state === "granted") return await readFile(name, mayBePipe);
    if (resolve(name) === resolve(builtIn.path)) {
      return { text: (await builtIn.load()).default, origin: "program" };
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name}: ${reasonUnread(error)}`, { cause: error });
  }
  throw new UsageError(`there is no permission to read ${name}: add --allow-read=${name}`);
}

/** Does not open a pipe that took a file's place, which would wait for its writer. */
async function readFile(name: string, mayBePipe: boolean): Promise<ListText> {
  const { isFile, isDirectory } = await Deno.stat(name);
  if (!isFile && !isDirectory && !mayBePipe) {
    throw new UsageError(`${name}: it is no file any more`);
  }
  using file = await Deno.open(name);
  let text = "";
  let length = 0;
  const decoder = new TextDecoder();
  const piece = new Uint8Array(PIECE_BYTES);
  for (let count = await file.read(piece); count !== null; count = await file.read(piece)) {
    length += count;
    if (length > MOST_BYTES) throw new UsageError(`${name}: it is too long for a list of servers`);
    text += decoder.decode(piece.subarray(0, count), { stream: true });
  }
  return { text: text + decoder.decode(), origin: isFile ? "file" : "pipe" };
}

/** A failed import has the same code for every reason; its message differs. */
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
