import { assert, assertEquals } from "@std/assert";
import { columnsOf, fitted } from "../../lib/download/screen.ts";

/** Texts, and the columns that a terminal shows them in. */
const ROWS: readonly (readonly [story: string, text: string, columns: number])[] = [
  ["nothing", "", 0],
  ["ASCII", "hello world", 11],
  ["Latin, precomposed", "grüße", 5],
  ["Latin, with combining marks", "gru\u0308\u00dfe", 5],
  ["several marks on one letter", "a\u0300\u0301\u0302", 1],
  ["an enclosing mark", "1\u20dd", 1],
  ["Chinese", "天地玄黃宇宙洪荒", 16],
  ["Japanese, with punctuation", "こんにちは、カタカナ。", 22],
  ["a voiced sound mark of its own", "か\u3099", 2],
  ["halfwidth katakana", "ｶﾀｶﾅ", 4],
  ["fullwidth Latin", "ｆｕｌｌ", 8],
  ["Korean", "한국어", 6],
  ["Korean in conjoining letters", "\u1112\u1161\u11ab", 2],
  ["an ideograph beyond the BMP", "\u{20000}", 2],
  ["emoji", "🦕🚀", 4],
  ["a symbol that is text", "☎©", 2],
  ["a flag", "🇪🇺", 2],
  ["zero-width space and joiners", "a\u200bb\u200c\u200d\ufeff", 2],
  ["a soft hyphen, which terminals show", "a\u00adb", 3],
  ["Arabic with marks", "\u0645\u064f\u062d", 2],
  ["what the progress line is drawn with", "█░…→", 4],
];

Deno.test("columnsOf() counts as a terminal does", () => {
  for (const [story, text, columns] of ROWS) assertEquals(columnsOf(text), columns, story);
});

Deno.test("fitted() cuts a text to what fits, and no mark from its letter", () => {
  for (const [story, text, columns] of ROWS) {
    assertEquals(fitted(text, Math.max(1, columns)), text, story);
    for (let most = 1; most < columns; most++) {
      const shown = fitted(text, most);
      assert(shown.endsWith("…") && text.startsWith(shown.slice(0, -1)), story);
      assert(columnsOf(shown) <= most && columnsOf(shown) >= most - 1, `${story}: ${shown}`);
    }
  }
  assertEquals(fitted("天地玄黃", 6), "天地…");
  assertEquals(fitted("e\u0301".repeat(9), 4), `${"e\u0301".repeat(3)}…`);
});
