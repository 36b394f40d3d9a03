import { CR, LF, type OctetClass } from "./grammar.ts";
import { ProtocolError } from "./protocol_error.ts";
import { type Reading, STRICT } from "./reading.ts";

/**
 * Finds where a line ends. It remembers how far it has looked, so that a line that comes octet by
 * octet costs no more than one that comes whole, and it judges the octets in their order, so that
 * the verdict never depends on how TCP split them.
 */
export class LineReader {
  #looked = 0;
  readonly #reading: Reading;

  /** `reading` says which octets a line may hold, and what ends it. */
  constructor(reading: Reading = STRICT) {
    this.#reading = reading;
  }

  /**
   * Looks for the CRLF of the line that begins at `start` (RFC 9112 §2.2; a bare CR is an error, not
   * a line end, and so is a bare LF in strict reading).
   *
   * @param octets all that has arrived, at every call more of it
   * @param start the line's first octet, in `octets`
   * @param limit octets that the line may have, CRLF not counted
   * @param tooLong makes the error for a longer one
   * @param lineOctet what the line may hold, where that is not what all may
   * @returns the position of the CRLF or LF, or undefined when more octets are needed
   * @throws {ProtocolError} when the line holds an octet that no line may hold, or is too long
   */
  find(
    octets: Uint8Array,
    start: number,
    limit: number,
    tooLong: () => ProtocolError,
    lineOctet: OctetClass = this.#reading.lineOctet,
  ): number | undefined {
    let at = Math.max(this.#looked, start);
    const end = Math.min(octets.length, start + limit);
    const { takesBareLf } = this.#reading;
    while (at < end && lineOctet[octets[at]!] === 1) at++;
    this.#looked = at;
    if (at === octets.length) return undefined;
    if (lineOctet[octets[at]!] === 1) throw tooLong();
    if (octets[at] === LF) {
      if (takesBareLf) return at;
      throw new ProtocolError("A line ends in a bare LF, where CR LF is needed.");
    }
    if (octets[at] !== CR) throw new ProtocolError("A line holds a control character.");
    if (at + 1 === octets.length) return undefined;
    if (octets[at + 1] !== LF) throw new ProtocolError("A CR stands without its LF.");
    return at;
  }

  /** Where the next line begins, behind the end that was found. */
  behind(octets: Uint8Array, end: number): number {
    return octets[end] === LF ? end + 1 : end + 2;
  }

  /** To be called when the octets are others, or what is to be read begins anew in them. */
  reset(): void {
    this.#looked = 0;
  }
}
