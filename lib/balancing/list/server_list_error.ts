/** A mistake in a server or a list of servers; the message is one line for the user. */
export class ServerListError extends Error {
  /** Tells it apart from other errors in a log. */
  override readonly name = "ServerListError";
}

/**
 * Refuses what was written.
 *
 * @param text is quoted before the reason
 * @throws {ServerListError} always
 */
export function refuse(text: string, reason: string): never {
  throw new ServerListError(`${quote(text)} ${reason}`);
}

const LONGEST_QUOTE = 80;

/** The text in quotes, on one line of sensible length, whatever a file held. */
export function quote(text: string): string {
  const start = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  const visible = start.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${visible}"`;
}
