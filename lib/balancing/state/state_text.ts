/**
 * The text of a state: a first line with the format's version and a checksum, then JSON.
 *
 * @module
 */

/** The version of the format; another one is not read. */
const VERSION = 1;

/** How every state begins, whatever its version. */
const BEGINNING = "balancer state, version ";

const FIRST_LINE = /^balancer state, version (\d{1,9}), sha-256 ([\da-f]{64})\n/;

/** The length of a first line, at most. */
const LONGEST_FIRST_LINE = 128;

/** The last point in time of ECMAScript, in milliseconds since the epoch. */
const LATEST = 8.64e15;

/** Facts by the names of their owners, and when they were written. */
export interface State {
  /** In milliseconds since the epoch. */
  readonly savedAt: number;
  readonly parts: ReadonlyMap<string, unknown>;
}

/** A state cannot be used; the message says what is wrong with it, as in `is damaged`. */
export class StateError extends Error {
  /** @param isForeign whether it may be something else than a state, which must not be replaced */
  constructor(message: string, readonly isForeign = false) {
    super(message);
  }
}

/** Writes a state. @param parts the JSON of each part, by its name */
export async function encodeState(
  savedAt: number,
  parts: ReadonlyMap<string, string>,
): Promise<Uint8Array<ArrayBuffer>> {
  const members = [...parts].map(([name, json]) => `${JSON.stringify(name)}:${json}`);
  const content = encode(`{"savedAt":${savedAt},"parts":{${members.join(",")}}}\n`);
  const firstLine = encode(`${BEGINNING}${VERSION}, sha-256 ${await digest(content)}\n`);
  const bytes = new Uint8Array(firstLine.length + content.length);
  bytes.set(firstLine);
  bytes.set(content, firstLine.length);
  return bytes;
}

/** Reads a state. @throws {StateError} if it is none, damaged, or of another version */
export async function decodeState(bytes: Uint8Array<ArrayBuffer>): Promise<State> {
  const beginning = new TextDecoder().decode(bytes.subarray(0, LONGEST_FIRST_LINE));
  if (!beginning.startsWith(BEGINNING) && !BEGINNING.startsWith(beginning)) {
    throw new StateError("is no state of a balancer", true);
  }
  const [firstLine, version, checksum] = FIRST_LINE.exec(beginning) ?? [];
  if (firstLine === undefined) throw new StateError("is damaged");
  if (Number(version) !== VERSION) throw new StateError(`is of another version, ${version}`);
  const content = bytes.subarray(firstLine.length);
  if (await digest(content) !== checksum) throw new StateError("is damaged");
  const state = parse(new TextDecoder().decode(content));
  if (state === undefined) throw new StateError("is damaged");
  return state;
}

/** Undefined if it is no state, though its checksum is right. */
function parse(text: string): State | undefined {
  try {
    const { savedAt, parts } = JSON.parse(text);
    if (!Number.isFinite(savedAt) || Math.abs(savedAt) > LATEST) return undefined;
    return { savedAt, parts: new Map(Object.entries(parts)) };
  } catch {
    return undefined;
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function digest(content: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
}
