/**
 * The small pages that go with a status code, in parts.
 *
 * @module
 */

import { escape } from "@std/html";

/** The media type of our pages. */
export const PAGE_TYPE = "text/html; charset=utf-8";

/** A page up to where its sentence has ended. */
export function pageStart(title: string, sentence: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(sentence)}`;
}

/** The rest of such a page. */
export const PAGE_END = "</p>\n</html>\n";

/** ASCII without what means something in HTML: `"&'<>`. */
const PLAIN = /^[\x20\x21\x23-\x25\x28-\x3b\x3d\x3f-\x7e]*$/;

/** Text for a page, also for an attribute in quotes; what is not ASCII becomes a reference. */
export function escapeHtml(text: string): string {
  if (PLAIN.test(text)) return text;
  return escape(text).replace(/[\u{80}-\u{10ffff}]/gu, (it) => `&#${it.codePointAt(0)};`);
}
