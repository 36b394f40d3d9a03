import type { Case } from "../../cases/case.ts";

/** A whole request, after whose answer the connection ends. */
export interface ComparedRequest extends Case {
  /** Requests of one kind have the same. */
  readonly group: string;
  readonly method: string;
  readonly target: string;
}

/** What differs from a GET of HTTP/1.1. */
export interface RequestParts {
  readonly method?: string;
  /** Field lines, each with its CRLF. */
  readonly lines?: string;
  readonly content?: string;
}

/** The host that all requests name. */
export const HOST = "compare.test";

/** A request as it should be. */
export function comparedRequest(
  group: string,
  { section, story }: Pick<Case, "section" | "story">,
  target: string,
  { method = "GET", lines = "", content = "" }: RequestParts = {},
): ComparedRequest {
  const fields = `Host: ${HOST}\r\n${lines}Connection: close\r\n`;
  const raw = `${method} ${target} HTTP/1.1\r\n${fields}\r\n${content}`;
  return { group, section, story, method, target, raw };
}

/** A request of any form; it must say itself that the connection is to end. */
export function rawRequest(
  group: string,
  { section, story, raw }: Case,
  method = "GET",
): ComparedRequest {
  return { group, section, story, raw, method, target: "/" };
}
