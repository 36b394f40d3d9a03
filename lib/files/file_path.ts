/** The names from the root down to a file, and whether the path ended in a slash. */
export interface FilePath {
  /** Decoded; each is servable, so that none is empty or holds a separator or a NUL. */
  readonly names: readonly string[];
  /** Whether the path says that it means a directory. */
  readonly isDirectory: boolean;
}

/** A path that means no file, with the status code that says so. */
export interface PathRefusal {
  /** 400 for a malformed escape; 404 for what names nothing, or could only lead astray. */
  readonly refusedWith: 400 | 404;
}

/** The one name with a dot that is served, at the root (RFC 8615): ACME proves certificates there. */
const WELL_KNOWN = ".well-known";

const IS_WINDOWS = Deno.build.os === "windows";

/**
 * From a request-target to names below the root (RFC 3986 §3.3). Empty segments are passed over, as
 * nginx and Caddy do. Each segment is decoded exactly once, and judged afterwards, so that no
 * encoding hides anything. Dot segments are not resolved: clients do that, and names that begin with
 * a dot are hidden anyway.
 *
 * @param target in origin form: begins with `/`; a query is left aside
 * @param isWindows whether a backslash separates names
 */
export function filePath(target: string, isWindows = IS_WINDOWS): FilePath | PathRefusal {
  const [path = ""] = target.split("?", 1);
  const names: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "") continue;
    const name = decodeSegment(segment);
    if (typeof name === "number") return { refusedWith: name };
    if (!isServable(name, names.length, isWindows)) return { refusedWith: 404 };
    names.push(name);
  }
  return { names, isDirectory: path.endsWith("/") };
}

/** Deno can open no name that is not UTF-8: 404 if it is correctly escaped. */
function decodeSegment(segment: string): string | PathRefusal["refusedWith"] {
  try {
    return decodeURIComponent(segment);
  } catch {
    return /%(?![0-9A-Fa-f]{2})/.test(segment) ? 400 : 404;
  }
}

/**
 * Whether a name is served: those that begin with a dot are hidden.
 *
 * @param depth how many names stand before it
 * @param isWindows whether a backslash separates names
 */
export function isServable(name: string, depth: number, isWindows = IS_WINDOWS): boolean {
  if (name === "" || (isWindows ? /[/\\\0]/ : /[/\0]/).test(name)) return false;
  return !name.startsWith(".") || (depth === 0 && name === WELL_KNOWN);
}
