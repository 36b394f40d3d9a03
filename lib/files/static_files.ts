import { contentType } from "@std/media-types";
import { extname, join } from "@std/path";
import { type ContentSource, htmlReply, type Reply } from "../http/reply.ts";
import { filePath } from "./file_path.ts";

/** What the content of a directory without an index is called. */
const INDEX = "index.html";

/**
 * The reply to a request for a file below a root.
 *
 * @param root the real path of a directory: no part of it is a symbolic link
 * @param target in origin form
 * @returns 200 with the open file; 301 from a directory's name to its slash; 400, 403, 404 or 503
 *     with a page that does not tell more than its status
 * @throws what Deno throws for a fault of the system that has no answer of its own
 */
export async function staticFile(root: string, target: string): Promise<Reply> {
  const path = filePath(target);
  if ("refusedWith" in path) return refusal(path.refusedWith);
  try {
    const found = await realPathWithin(root, path.names);
    if (found === undefined) return refusal(404);
    const { isFile, isDirectory } = await Deno.stat(found);
    if (isDirectory && !path.isDirectory) return redirectToDirectory(target);
    if (isDirectory) return await indexOf(root, path.names);
    if (!isFile || path.isDirectory) return refusal(404);
    return await openFile(found, path.names.at(-1)!);
  } catch (error) {
    return replyToError(error);
  }
}

/** Where the names lead, symbolic links followed; undefined when that is outside the root. */
async function realPathWithin(
  root: string,
  names: readonly string[],
): Promise<string | undefined> {
  const path = await Deno.realPath(join(root, ...names));
  const isWithin = path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
  return isWithin ? path : undefined;
}

async function indexOf(root: string, names: readonly string[]): Promise<Reply> {
  const index = await realPathWithin(root, [...names, INDEX]);
  if (index === undefined || !(await Deno.stat(index)).isFile) return refusal(404);
  return await openFile(index, INDEX);
}

/** The 200 for a regular file; its name decides the media type, whatever a link points to. */
async function openFile(path: string, name: string): Promise<Reply> {
  const file = await Deno.open(path);
  const { size } = await file.stat().catch((error) => {
    file.close();
    throw error;
  });
  return {
    statusCode: 200,
    fieldLines: [
      ["Content-Type", contentType(extname(name)) ?? "application/octet-stream"],
      ["X-Content-Type-Options", "nosniff"],
    ],
    content: contentOf(file, size),
  };
}

/** The file as long as it was when it was opened: what is appended later is not sent. */
function contentOf(file: Deno.FsFile, length: number): ContentSource {
  return { length, read: (buffer) => file.read(buffer), close: () => file.close() };
}

/** Relative, and never `//`, so that it cannot lead to another host (RFC 9110 §10.2.2). */
function redirectToDirectory(target: string): Reply {
  const [path = "", ...query] = target.split("?");
  const name = path.slice(path.lastIndexOf("/") + 1);
  const location = [`./${name}/`, ...query].join("?");
  return htmlReply(301, "This is a directory:", [["Location", location]], location);
}

const SENTENCES = {
  400: "The path is not correctly encoded.",
  403: "This file may not be read.",
  404: "There is no such file here.",
  503: "Too much is going on here. Please try again.",
};

function refusal(statusCode: keyof typeof SENTENCES): Reply {
  const fieldLines = statusCode === 503 ? [["Retry-After", "1"] as const] : [];
  return htmlReply(statusCode, SENTENCES[statusCode], fieldLines);
}

const NO_SUCH_FILE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);
const NO_DESCRIPTOR = new Set(["EMFILE", "ENFILE"]);

function replyToError(error: unknown): Reply {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (error instanceof Deno.errors.NotFound || NO_SUCH_FILE.has(code)) return refusal(404);
  if (error instanceof Deno.errors.PermissionDenied) return refusal(403);
  if (error instanceof Deno.errors.NotCapable) return refusal(403);
  if (NO_DESCRIPTOR.has(code)) return refusal(503);
  throw error;
}
