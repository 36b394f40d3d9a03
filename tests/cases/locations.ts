import type { Case } from "./case.ts";

/** A request-target, and the same where a Location has it. */
export interface LocationCase extends Case {
  readonly location: string;
}

function encoded(story: string, raw: string, location: string): LocationCase {
  return { section: "3986 §2", story, raw, location };
}

/** Targets that hold what no URI may, but what clients send. */
export const LOCATIONS: readonly LocationCase[] = [
  encoded("all of them", '/"<>\\^`{|}', "/%22%3C%3E%5C%5E%60%7B%7C%7D"),
  encoded("in a query", "/a?b={c}|d", "/a?b=%7Bc%7D%7Cd"),
  encoded("each of several", "/{a}/{b}", "/%7Ba%7D/%7Bb%7D"),
  encoded("beside escapes, which stay", "/%7b%3c<%zz", "/%7b%3c%3C%zz"),
  encoded("a backslash that looks like an authority", "/\\evil.example", "/%5Cevil.example"),
  encoded("behind two slashes", "//{x}", "//%7Bx%7D"),
  encoded("in what looks like a template", "/v1/{+path}", "/v1/%7B+path%7D"),
  encoded("nothing of the kind", "/a!$&'()*,;:@=[]~?/?", "/a!$&'()*,;:@=[]~?/?"),
];

/** A target as a Location has it. */
export function locationOf(target: string): string {
  return target.replace(
    /["<>\\^`{|}]/g,
    (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
