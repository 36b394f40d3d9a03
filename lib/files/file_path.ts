/** The names from the root down to a file, and whether the path ended in a slash. */
export interface FilePath {
  /** Decoded; none is empty, begins with a dot, or holds a separator or a NUL. */
  readonly names: readonly string[];
  /** Whether the path says that it means a directory. */
  readonly isDirectory: boolean;
}

/** A path that means no file, with the status code that says so. */
export interface PathRefusal {
  /** 400 for what is no encoded path at all, 404 for what could only lead astray. */
  readonly refusedWith: 400 | 404;
}

/**
 * From a request-target to names below the root (RFC 3986 §3.3). Each segment is decoded exactly
 * once, and judged afterwards, so that no encoding hides anything. Dot segments are not resolved:
 * clients do that, and what still begins with a dot here is hidden anyway.
 *
 * @param target in origin form: begins with `/`; a query is left aside
 */
export function filePath(target: string): FilePath | PathRefusal {
  const [path = ""] = target.split("?", 1);
  const segments = path.split("/").slice(1);
  const isDirectory = segments.at(-1) === "";
  if (isDirectory) segments.pop();
  const names: string[] = [];
  for (const segment of segments) {
    const name = decodeSegment(segment);
    if (name === undefined) return { refusedWith: 400 };
    if (!isServable(name)) return { refusedWith: 404 };
    names.push(name);
  }
  return { names, isDirectory };
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // A bad escape, or octets that are no UTF-8.
  }
}

/** Whether a name may be asked for: what begins with a dot is hidden. */
export function isServable(name: string): boolean {
  return name !== "" && !name.startsWith(".") && !/[/\\\0]/.test(name);
}
