/**
 * How many columns of a terminal a text takes, by the properties that Unicode gives its characters.
 * Pure.
 *
 * @module
 */

/** What is drawn over the character before it, or not at all. */
const NONE =
  /(?![\u00ad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2])[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff\ud7b0-\ud7fb]/u;

/** Of the scripts and blocks below, what is narrow all the same; and halves of flags. */
const NARROW = /[\u02ea\u02eb\u3248-\u324f\uff61-\uffdc\u{1f1e6}-\u{1f1ff}]/u;

/** What is shown as a picture, and what is wide or fullwidth (UAX #11), by scripts and blocks. */
const WIDE = new RegExp(
  [
    String.raw`[\p{Emoji_Presentation}\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}`,
    String.raw`\p{sc=Bopomofo}\p{sc=Yi}\p{sc=Tangut}\p{sc=Nushu}\p{sc=Khitan_Small_Script}`,
    String.raw`\u2329\u232a\u2ff0-\u303e\u309b-\u30ff\u3190-\u33ff\u4dc0-\u4dff`,
    String.raw`\ufe10-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]`,
  ].join(""),
  "u",
);

/** How many columns a text takes: 2 for a wide character, none for a mark on another. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** As much of a text as fits so many columns: what is cut off is an ellipsis. */
export function fitted(text: string, most: number): string {
  if (columnsOf(text) <= most) return text;
  let columns = 1; // Of the ellipsis.
  let shown = "";
  for (const character of text) {
    columns += columnsOfCharacter(character);
    if (columns > most) break;
    shown += character;
  }
  return `${shown}…`;
}

function columnsOfCharacter(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (NONE.test(character)) return 0;
  return WIDE.test(character) && !NARROW.test(character) ? 2 : 1;
}
