/** Scheme and authority at the start of an absolute or scheme-relative reference, as browsers see them. */
const BEFORE_PATH = /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2,}[^/\\?#]*/;

/**
 * The origin-form target of a URI reference, its octets as they were written: signatures are made
 * over them, and another spelling is another resource (RFC 3986 §2.2). Only what no request line may
 * hold is percent-encoded. Dot segments are taken out, as RFC 3986 §5.2.4 has it.
 *
 * @param reference absolute, or relative to `base`
 * @param base the target that was asked for; undefined for an absolute reference
 */
export function rawTarget(reference: string, base?: string): string {
  const text = reference.replace(/^[\0-\x20]+|[\0-\x20]+$|[\t\r\n]/g, "");
  const before = BEFORE_PATH.exec(text)?.[0];
  const [relative = ""] = text.slice(before?.length ?? 0).split("#", 1);
  const [path, query] = atQuestionMark(relative);
  const [basePath, baseQuery] = atQuestionMark(before === undefined ? base ?? "/" : "/");
  const whole = /^[/\\]/.test(path)
    ? `/${path.slice(1)}`
    : path === ""
    ? basePath
    : basePath.slice(0, basePath.lastIndexOf("/") + 1) + path;
  const target = withoutDots(whole) + (relative === "" ? baseQuery : query);
  return target.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}

/** A path, and the query with its question mark; "" where there is none. */
function atQuestionMark(text: string): readonly [path: string, query: string] {
  const at = text.indexOf("?");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}

/** RFC 3986 §5.2.4, for a path that begins with a slash. */
function withoutDots(path: string): string {
  if (!/\/\.\.?(?:\/|$)/.test(path)) return path;
  const segments = path.split("/").slice(1);
  const kept: string[] = [];
  for (const [i, segment] of segments.entries()) {
    const isDot = segment === "." || segment === "..";
    if (segment === "..") kept.pop();
    if (!isDot) kept.push(segment);
    else if (i === segments.length - 1) kept.push("");
  }
  return `/${kept.join("/")}`;
}
