/**
 * The READMEs of the repository: their headings, links, code and tables.
 *
 * @module
 */

import { join } from "@std/path";
import type { RoleName } from "./role.ts";
import { PROJECT } from "./role.ts";

/** One README. */
export interface Readme {
  /** From the root, such as `lib/http/README.md`. */
  readonly path: string;
  readonly text: string;
  /** The text without blocks of code. */
  readonly prose: string;
  /** The blocks of code, in their order. */
  readonly blocks: readonly CodeBlock[];
}

/** A fenced block of code. */
export interface CodeBlock {
  /** As marked; empty for none. */
  readonly language: string;
  readonly text: string;
}

/** A call of a role that a README shows. */
export interface RoleCommand {
  /** As it is shown, on one line. */
  readonly text: string;
  readonly role: RoleName;
  /** Deno's flags; undefined where the README leaves them out. */
  readonly permissions: readonly string[] | undefined;
  /** Those of the role. */
  readonly args: readonly string[];
}

const FENCED = /^```(\w*)\n(.*?)^```$/gms;

/** Reads all READMEs, the one at the root first. */
export function readReadmes(): Readme[] {
  return pathsIn("").sort((a, b) => a.length - b.length).map(readReadme);
}

/** Reads a README by its path from the root. */
export function readReadme(path: string): Readme {
  const text = Deno.readTextFileSync(join(PROJECT, path));
  const blocks = [...text.matchAll(FENCED)].map(([, language = "", text = ""]) => {
    return { language, text };
  });
  return { path, text, prose: text.replace(FENCED, ""), blocks };
}

function pathsIn(folder: string): string[] {
  return [...Deno.readDirSync(join(PROJECT, folder))].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".") || name === "node_modules") return [];
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory) return pathsIn(path);
    return name === "README.md" ? [path] : [];
  });
}

/** The part of a text from a heading, such as `## Tutorial`, to the next of its level or above. */
export function sectionOf(text: string, heading: string): string {
  const lines = text.split("\n");
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`There is no heading ${heading}`);
  const level = heading.indexOf(" ");
  const isEnd = (line: string) => new RegExp(`^#{1,${level}} `).test(line);
  const length = lines.slice(start + 1).findIndex(isEnd);
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join("\n");
}

/** The anchors of all headings, as GitHub makes them. */
export function anchorsOf({ prose }: Readme): string[] {
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    return heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  });
}

/** The targets of all links. */
export function linksOf({ prose }: Readme): string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** What stands between backticks. */
export function codeSpansOf(prose: string): string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!.replaceAll("\\|", "|"));
}

/** The lines of a shell's block, those that go on behind a backslash joined. */
export function shellLines({ text }: CodeBlock): string[] {
  return text.replace(/ *\\\n */g, " ").split("\n").filter((line) => line !== "");
}

/** The calls of roles in blocks for a shell, and in the text. */
export function roleCommandsOf({ blocks, prose }: Readme): RoleCommand[] {
  const lines = blocks.filter(({ language }) => language === "sh").flatMap(shellLines);
  const spans = codeSpansOf(prose).filter((code) => !code.includes("[OPTIONS]"));
  return [...lines, ...spans].flatMap((text) => {
    const command = roleCommand(text);
    return command === undefined ? [] : [command];
  });
}

/** A call of a role: behind `deno run` and its flags, or with arguments alone. */
export function roleCommand(text: string): RoleCommand | undefined {
  const match = /^(?:deno run (.*) )?(server|balancer|client)\.ts (.+)$/.exec(text);
  if (match === null) return undefined;
  const [, flags, role, args] = match;
  return { text, role: role as RoleName, permissions: flags?.split(" "), args: words(args!) };
}

/** The words of a command, of which quotes may hold blanks. */
function words(text: string): string[] {
  return [...text.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}
