import { type Case } from "./case.ts";
import { type DatedFile } from "./preconditions.ts";

/** The value of If-Range in a GET with a Range, and whether that Range is followed. */
export interface IfRangeCase extends Case {
  readonly applies: boolean;
}

function row(section: string, story: string, fieldValue: string, applies: boolean): IfRangeCase {
  return { section, story, raw: `If-Range: ${fieldValue}\r\n`, applies };
}

/** If-Range for that file; its date is some time ago. */
export function ifRanges({ entityTag, lastModified, before, after }: DatedFile): IfRangeCase[] {
  const opaque = entityTag.slice(1, -1);
  return [
    { section: "9110 §13.1.5", story: "none", raw: "", applies: true },
    row("9110 §13.1.5", "its tag", entityTag, true),
    row("9110 §13.1.5", "another tag", '"other"', false),
    row("9110 §13.1.5", "its tag, marked as weak", `W/${entityTag}`, false),
    row("9110 §13.1.5", "its date", lastModified, true),
    row("9110 §13.1.5", "a second before", before, false),
    row("9110 §13.1.5", "a second after: exact or nothing", after, false),
    row("9110 §13.1.5", "any, which only If-Match knows", "*", false),
    row("9110 §13.1.5", "two tags", `${entityTag}, "other"`, false),
    row("9110 §13.1.5", "its tag without quotes", opaque, false),
    row("9110 §13.1.5", "half a tag", `"${opaque}`, false),
    row("9110 §13.1.5", "nothing", "", false),
    row("9110 §13.1.5", "garbage", "x", false),
    row("9110 §13.1.5", "an impossible date", lastModified.replace(/^..., ../, "Sun, 32"), false),
  ];
}
