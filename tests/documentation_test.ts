import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import config from "../deno.json" with { type: "json" };
import {
  anchorsOf,
  codeSpansOf,
  linksOf,
  type Readme,
  readReadme,
  readReadmes,
  sectionOf,
} from "./support/readme.ts";
import { PROJECT, type RoleName, runRole } from "./support/role.ts";

const MOST_BYTES = 20 * 1024;
const HELP_OPTION = /^ {2}(?:-\w, | {4})--([\w-]+)/gm;

/** The heading of each role's options in README.md. */
const OPTION_SECTIONS: Readonly<Record<RoleName, string>> = {
  server: "### `server.ts [OPTIONS] [ROOT]`",
  balancer: "### `balancer.ts [OPTIONS] SERVER...`",
  client: "### `client.ts [OPTIONS] URL...`",
};

/** The options of both roles that listen. */
const LISTENER_SECTION = "### Both `server.ts` and `balancer.ts`";

const readmes = readReadmes();
const main = readmes[0]!;

/** Whether something is there, by its path from the root. */
function exists(path: string): boolean {
  try {
    Deno.statSync(join(PROJECT, path));
    return true;
  } catch {
    return false;
  }
}

/** Asserts that nothing is wrong; what is wrong is what the error shows. */
function assertNone(wrong: readonly string[]): void {
  assertEquals(wrong, []);
}

Deno.test("README.md is short", () => {
  assertEquals(main.path, "README.md");
  const bytes = new TextEncoder().encode(main.text).length;
  assert(bytes <= MOST_BYTES, `README.md has ${bytes} bytes; ${MOST_BYTES} are allowed`);
});

Deno.test("every relative link of a README leads to a file, and to a heading in it", () => {
  const links = readmes.flatMap((readme) => linksOf(readme).map((link) => [readme, link] as const));
  const relative = links.filter(([, link]) => !link.startsWith("https://"));
  assert(relative.length >= readmes.length);
  assertNone(relative.flatMap(([readme, link]) => brokenPart(readme, link)));
});

function brokenPart(readme: Readme, link: string): string[] {
  const [file, anchor] = link.split("#", 2);
  const path = file === "" ? readme.path : join(dirname(readme.path), file!);
  const whole = `${readme.path}: ${link}`;
  if (!exists(path)) return [whole];
  if (anchor === undefined) return [];
  const target = readmes.find((it) => it.path === path);
  return target !== undefined && anchorsOf(target).includes(anchor) ? [] : [whole];
}

Deno.test("every README is led to from README.md", () => {
  const seen = new Set<string>();
  const follow = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const links = linksOf(readReadme(path)).map((link) => link.split("#", 1)[0]!);
    for (const file of links.filter((link) => link.endsWith("README.md"))) {
      if (!file.startsWith("https://")) follow(join(dirname(path), file));
    }
  };
  follow("README.md");
  assertEquals([...seen].sort(), readmes.map(({ path }) => path).sort());
});

for (const [role, heading] of Object.entries(OPTION_SECTIONS)) {
  Deno.test(`README.md has exactly the options that ${role}.ts has`, async () => {
    const { stdout } = await runRole(role as RoleName, ["--help"]);
    const actual = [...stdout.matchAll(HELP_OPTION)].map(([, name]) => name!);
    const sections = [heading, ...(role === "client" ? [] : [LISTENER_SECTION])];
    const rows = sections.flatMap((it) => sectionOf(main.text, it).split("\n"))
      .filter((line) => line.startsWith("| `"));
    const cells = rows.map((row) => row.split(/(?<!\\)\|/)[1]!);
    const documented = cells.flatMap((cell) => [...cell.matchAll(/--([\w-]+)/g)]).map(([, name]) =>
      name!
    );
    assertEquals(documented.toSorted(), actual.toSorted());
  });
}

Deno.test("every task that a README names is in deno.json", () => {
  const tasks = Object.keys(config.tasks);
  const named = readmes.flatMap(({ path, text }) =>
    [...text.matchAll(/\bdeno(?:@[\d.]+)? task ([\w:]+)/g)].map(([, name]) =>
      [path, name!] as const
    )
  );
  assert(named.length > 0);
  assertNone(
    named.filter(([, name]) => !tasks.includes(name)).map(([path, name]) => `${path}: ${name}`),
  );
});

Deno.test("every script that a README names is there", () => {
  const scripts = readmes.flatMap((readme) =>
    codeSpansOf(readme.prose).filter((code) => /^[\w./-]+\.ts$/.test(code)).map((code) =>
      [readme.path, code] as const
    )
  );
  assert(scripts.length > 0);
  const isThere = (path: string, code: string) => exists(join(dirname(path), code)) || exists(code);
  assertNone(
    scripts.filter(([path, code]) => !isThere(path, code)).map((it) => it.join(": ")),
  );
});

Deno.test("the tree in lib/README.md shows all folders of lib, and nothing that is not there", () => {
  const shown = pathsOf(readReadme("lib/README.md").blocks[0]!.text);
  assertNone(shown.filter((path) => !exists(path)));
  const folders = shown.filter((path) => path.startsWith("lib/") && path !== "lib/");
  assertEquals(
    folders.filter((path) => path.endsWith("/")).toSorted(),
    foldersIn("lib").toSorted(),
  );
});

/** The paths of a tree that is indented by two blanks a level; folders end in a slash. */
function pathsOf(tree: string): string[] {
  const above: string[] = [];
  return tree.trimEnd().split("\n").map((line) => {
    const [, indent = "", name = ""] = /^( *)(\S+)/.exec(line)!;
    above.length = indent.length / 2;
    const path = above.join("") + name;
    above.push(name);
    return path;
  });
}

function foldersIn(folder: string): string[] {
  return [...Deno.readDirSync(join(PROJECT, folder))].filter((it) => it.isDirectory).flatMap(
    ({ name }) => [`${folder}/${name}/`, ...foldersIn(`${folder}/${name}`)],
  );
}
