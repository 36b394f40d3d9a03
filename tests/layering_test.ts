import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, relative } from "@std/path";
import config from "../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("..", import.meta.url));

/** The roles, at the top. */
const ROLES = ["server.ts", "client.ts", "balancer.ts"];

/** What the files of each layer may import; nothing but `std.d.ts` stands in `lib` itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "lib/http": ["lib/http"],
  "lib/net": [
    ...["lib/net", "lib/http", "@std", "node:timers/promises", "node:dns/promises"],
    ...["node:stream", "node:tls", "ipaddr.js"],
  ],
  "lib/log": ["lib/log", "lib/net", "lib/http", "@std"],
  "lib/cli": ["lib/cli", "lib/log", "@std", "deno.json"],
  "lib/process": [
    ...["lib/process", "lib/log", "lib/cli", "lib/net", "lib/http", "@std", "node:crypto"],
  ],
  "lib/files": [
    ...["lib/files", "lib/process", "lib/log", "lib/cli", "lib/net", "lib/http", "@std"],
    ...["node:fs", "node:crypto"],
  ],
  "lib/balancing": [
    ...["lib/balancing", "lib/balancing/list", "lib/balancing/policies"],
    ...["lib/balancing/file_checks", "lib/balancing/load_checks", "lib/balancing/location"],
    ...["lib/process", "lib/log", "lib/cli", "lib/net", "lib/http", "@std"],
  ],
  "lib/balancing/location": [
    ...["lib/balancing/location", "lib/balancing/list", "lib/process", "lib/cli"],
    ...["ipaddr.js", "mmdb-lib", "node:buffer", "node:timers/promises"],
  ],
  "lib/balancing/list": ["lib/balancing/list", "lib/cli", "lib/http", "@std"],
  "lib/balancing/admin": [
    ...["lib/balancing/admin", "lib/balancing", "lib/balancing/list", "lib/balancing/file_checks"],
    "lib/balancing/load_checks",
    ...["lib/process", "lib/log", "lib/cli", "lib/net", "lib/http", "@std"],
  ],
  "lib/balancing/state": [
    ...["lib/balancing/state", "lib/balancing", "lib/balancing/file_checks"],
    ...["lib/process", "lib/cli", "@std"],
  ],
  "lib/balancing/policies": ["lib/balancing/policies", "lib/balancing", "lib/balancing/list"],
  "lib/balancing/file_checks": [
    ...["lib/balancing/file_checks", "lib/balancing", "lib/balancing/list"],
    ...["lib/balancing/policies", "lib/process", "lib/log", "lib/net", "lib/http"],
  ],
  "lib/balancing/load_checks": [
    ...["lib/balancing/load_checks", "lib/balancing", "lib/balancing/list"],
    ...["lib/balancing/policies", "lib/net"],
  ],
  "lib/download/requests": [
    ...["lib/download/requests", "lib/download", "lib/cli"],
    ...["lib/net", "lib/http", "@std", "ipaddr.js"],
  ],
  "lib/download/output": [
    ...["lib/download/output", "lib/download/requests", "lib/download", "lib/http"],
    ...["@std", "node:crypto", "node:stream", "node:zlib"],
  ],
  "lib/download/segments": [
    ...["lib/download/segments", "lib/download/output", "lib/download/requests", "lib/download"],
    ...["lib/http", "@std"],
  ],
  "lib/download/jobs": [
    ...["lib/download/jobs", "lib/download/output", "lib/download/requests", "lib/download"],
    ...["lib/cli", "lib/http", "@std", "node:crypto", "saxes"],
  ],
  "lib/download/display": [
    ...["lib/download/display", "lib/download/jobs", "lib/download/requests", "lib/download"],
    ...["lib/log", "lib/net", "lib/http", "@std"],
  ],
  "lib/download/recursive": [
    ...["lib/download/recursive", "lib/download/display", "lib/download/jobs"],
    ...["lib/download/output", "lib/download/requests", "lib/download"],
    ...["lib/cli", "lib/http", "@std", "htmlparser2"],
  ],
  "lib/download": [
    ...["lib/download", "lib/download/display", "lib/download/jobs", "lib/download/output"],
    ...["lib/download/requests", "lib/download/segments"],
    ...["lib/log", "lib/cli", "lib/net", "lib/http", "@std", "node:crypto"],
  ],
  "role": [
    ...["lib/http", "lib/net", "lib/log", "lib/cli", "lib/process", "lib/files", "lib/download"],
    ...["lib/download/display", "lib/download/jobs", "lib/download/output"],
    ...["lib/download/recursive", "lib/balancing", "lib/balancing/list", "lib/balancing/admin"],
    ...["lib/balancing/file_checks", "lib/balancing/load_checks", "lib/balancing/location"],
    "lib/balancing/state",
    ...["@std", "deno.json", "servers.txt"],
  ],
};

/** What handles HTTP for whoever calls it. */
const HTTP_LIBRARIES =
  /\bfetch\s*\(|Deno\.(?:serve|serveHttp|upgradeWebSocket|createHttpClient)\b|\b(?:WebSocket|XMLHttpRequest|EventSource)\b|["'](?:node:http|node:https|node:http2|@std\/http|npm:|jsr:|https?:\/\/[^"']*\.[jt]s["'])/;

/** What pure code has no use for: the system, waiting, the clock and chance. */
const IMPURE =
  /\bDeno\.|\bawait\b|\basync\b|\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bMath\.random\b|\bcrypto\.|\bset(?:Timeout|Interval)\b|\bqueueMicrotask\b/;

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`, types included. */
const IMPORT =
  /\b(?:import|export)\b(?:[^"'`;]*?\bfrom)?\s*"([^"]+)"|\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g;

interface Source {
  /** From the root, such as `lib/http/body.ts`. */
  readonly path: string;
  /** Without its comments. */
  readonly code: string;
  /** Specifiers of packages, and paths from the root. */
  readonly imports: readonly string[];
}

const sources = [...scriptsIn("lib"), ...ROLES].map(readSource);

function scriptsIn(folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return scriptsIn(`${folder}/${name}`);
    return name.endsWith(".ts") && !name.endsWith(".d.ts") ? [`${folder}/${name}`] : [];
  });
}

function readSource(path: string): Source {
  const code = withoutComments(Deno.readTextFileSync(join(root, path)));
  const imports = [...code.matchAll(IMPORT)].map(([, fixed, dynamic]) => {
    const specifier = (fixed ?? dynamic)!;
    if (!specifier.startsWith(".")) return specifier;
    return relative(root, join(root, dirname(path), specifier));
  });
  return { path, code, imports };
}

/** Takes comments away that stand as the formatter leaves them: on their own lines, or behind SP. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/(^|\s)\/\/(?=\s|$).*$/gm, "$1");
}

/** The layer of a path or specifier, as `ALLOWED` names it; others stand for themselves. */
function layerOf(path: string): string {
  if (ROLES.includes(path)) return "role";
  if (path.startsWith("@std/")) return "@std";
  return path.startsWith("lib/") ? dirname(path) : path;
}

/** Asserts that nothing is listed; what is, is what the error shows. */
function assertNone(found: readonly string[]): void {
  assertEquals(found, []);
}

Deno.test("IMPORT finds every kind of import", () => {
  const code = `import "a";
import { type B } from "b";
import type { C } from "c";
import * as d from "d";
import {
  E,
} from "e";
export { f } from "f";
export * from "g";
const h = await import("h");
import i from "./i.json" with { type: "json" };
export const j = Array.from("j");
export function k() { return "k"; }`;
  const found = [...code.matchAll(IMPORT)].map(([, fixed, dynamic]) => fixed ?? dynamic);
  assertEquals(found, ["a", "b", "c", "d", "e", "f", "g", "h", "./i.json"]);
});

Deno.test("withoutComments() leaves code and takes comments away", () => {
  const code =
    '/** await */\nconst a = "http://b"; // await\n// await\n//\nfoo();\n  /*\n   * x */';
  assertEquals(withoutComments(code).replace(/\s+/g, " ").trim(), 'const a = "http://b"; foo();');
});

Deno.test("every import points to a layer below or to its own", () => {
  assert(sources.length > 0);
  assertNone(sources.flatMap(({ path, imports }) => {
    const allowed = ALLOWED[layerOf(path)] ?? [];
    return imports.filter((it) => !allowed.includes(layerOf(it))).map((it) => `${path}: ${it}`);
  }));
});

Deno.test("every package is in deno.json", () => {
  const packages = Object.keys(config.imports);
  assertNone(
    sources.flatMap(({ path, imports }) =>
      imports.filter((it) => it.startsWith("@") && !packages.includes(it)).map((it) =>
        `${path}: ${it}`
      )
    ),
  );
});

Deno.test("nothing uses a library that handles HTTP", () => {
  assertNone(sources.filter(({ code }) => HTTP_LIBRARIES.test(code)).map(({ path }) => path));
});

Deno.test("only one file listens", () => {
  const listening = sources.filter(({ code }) => /\bDeno\.listen/.test(code));
  assertEquals(listening.map(({ path }) => path), ["lib/process/listener.ts"]);
});

Deno.test("lib/http is pure, and so is all that decides who is picked", () => {
  const deciding = ["lib/balancing/pool.ts", "lib/balancing/health.ts"];
  const isPure = (path: string) =>
    ["lib/http", "lib/balancing/policies"].includes(layerOf(path)) || deciding.includes(path);
  assertNone(
    sources.filter(({ path, code }) => isPure(path) && IMPURE.test(code))
      .map(({ path, code }) => `${path}: ${IMPURE.exec(code)}`),
  );
});

Deno.test("no files import each other in a circle", () => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    const start = trail.indexOf(path);
    if (start !== -1) return [[...trail.slice(start), path].join(" -> ")];
    if (done.has(path)) return [];
    const imports = byPath.get(path)?.imports ?? [];
    const circles = imports.flatMap((it) => visit(it, [...trail, path]));
    done.add(path);
    return circles;
  };
  assertNone(sources.flatMap(({ path }) => visit(path, [])));
});

/** The modules and packages that these scripts load before they run. */
function loadedBy(...scripts: readonly string[]): ReadonlySet<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const loaded = new Set<string>();
  const load = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    const code = byPath.get(path)?.code ?? "";
    for (const [, specifier] of code.matchAll(/^(?:import|export)(?! type)\b[^"]*?"([^"]+)";/gm)) {
      const isPath = specifier!.startsWith(".");
      load(isPath ? relative(root, join(root, dirname(path), specifier!)) : specifier!);
    }
  };
  scripts.forEach(load);
  return loaded;
}

Deno.test("client.ts loads nothing before it is known that a download needs it", () => {
  const loaded = loadedBy("client.ts");
  assert(loaded.has("lib/net/exchange.ts"));
  const features = [
    ...["display/progress_lines", "display/screen", "jobs/checksums", "jobs/metalink"],
    ...["jobs/metalink_jobs", "output/content_coding", "output/decoded_output", "output/pieces"],
    ...["output/zstd", "requests/netrc", "requests/proxy", "requests/rate_limit"],
    ...["requests/user_fields", "segments/segment_control", "segments/segment_round"],
    ...["segments/segment_worker", "segments/segmented", "segments/segments", "speed"],
    "verification",
  ].map((name) => `lib/download/${name}.ts`);
  assertNone(features.filter((it) => !sources.some(({ path }) => path === it)));
  const others = ["lib/net/nested_tls.ts", "lib/net/tunnel.ts", "lib/http/digest_fields.ts"];
  assertNone([...features, ...others].filter((it) => loaded.has(it)));
  // Each package takes 1 ms, and Node's modules up to 20.
  const isPackage = (it: string) => it in config.imports || it.startsWith("node:");
  const packages = [...loaded].filter(isPackage);
  assertEquals(packages, ["@std/cli/parse-args"]);
});

Deno.test("no role loads the packages of places and documents while nothing asks for them", () => {
  const loaded = loadedBy(...ROLES);
  assert(loaded.has("lib/balancing/location/location.ts"));
  assertNone(["ipaddr.js", "mmdb-lib", "htmlparser2", "saxes"].filter((it) => loaded.has(it)));
});

Deno.test("no file does nothing but hand on what others export", () => {
  const statement = /^\s*(?:import|export)\b[^"';]*?(?:\bfrom\s*)?"[^"]+"[^;]*;/gm;
  assertNone(
    sources.filter(({ code }) => code.replace(statement, "").trim() === "").map(({ path }) => path),
  );
});
