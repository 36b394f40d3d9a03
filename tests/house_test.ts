import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const root = fromFileUrl(new URL("..", import.meta.url));

/** The product's scripts, as their paths from the root and their text. */
const SCRIPTS: readonly (readonly [path: string, text: string])[] = [
  ...scriptsIn("lib"),
  ...["server.ts", "client.ts", "balancer.ts"],
].map((path) => [path, Deno.readTextFileSync(join(root, path))]);

function scriptsIn(folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return scriptsIn(`${folder}/${name}`);
    return name.endsWith(".ts") && !name.endsWith(".d.ts") ? [`${folder}/${name}`] : [];
  });
}

/** Names that this code had for what the field calls otherwise: see its own terms in lib. */
const REPLACED_NAMES = [
  ...["Desk", "Session", "Served", "AccessEvent", "Roster", "Seldom", "Notices", "Hangups"],
  ...["Order", "receiveOrder", "writeNews", "retire", "retireMs", "PoolSubscriber", "marksOf"],
  ...["Crew", "Herald", "Pacer", "lastWords", "endWhenIdle", "takeEmptyLines", "OwnFront"],
  ...[
    "Resident",
    "NewsReader",
    "Tally",
    "Audience",
    "Overview",
    "KnownNames",
    "TestFiles",
    "Seating",
  ],
  ...["Patience", "tellError", "initialText", "encodeOctets", "decodeOctets", "addOctets"],
];

/** Exports without a docstring right above them. */
function undocumentedIn(text: string): string[] {
  const lines = text.split("\n");
  return lines.filter((line, index) => {
    const isExport = /^export (?:async |abstract )?(?:const|function|class|interface|type|let) /;
    return isExport.test(line) && !lines[index - 1]?.endsWith("*/");
  });
}

Deno.test("every export has a docstring", () => {
  assertEquals(undocumentedIn("/** A. */\nexport const a = 1;\nexport function b() {}"), [
    "export function b() {}",
  ]);
  const undocumented = SCRIPTS.flatMap(([path, text]) =>
    undocumentedIn(text).map((line) => `${path}: ${line}`)
  );
  assertEquals(undocumented, []);
});

Deno.test("no name comes back that was replaced by the field's own", () => {
  const pattern = new RegExp(`\\b(?:${REPLACED_NAMES.join("|")})\\b`);
  assertEquals(pattern.test("class Desk {}") && !pattern.test("Desktop serviced"), true);
  const found = SCRIPTS.flatMap(([path, text]) =>
    text.split("\n").filter((line) => pattern.test(line)).map((line) => `${path}: ${line.trim()}`)
  );
  assertEquals(found, []);
});

Deno.test("nothing but types of libraries stands in lib itself", () => {
  const loose = [...Deno.readDirSync(join(root, "lib"))].filter(({ isFile }) => isFile);
  assertEquals(
    loose.map(({ name }) => name).filter((name) => !/^(README\.md|std\.d\.ts)$/.test(name)),
    [],
  );
});
