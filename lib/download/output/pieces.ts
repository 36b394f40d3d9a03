import { createHash } from "node:crypto";
import { PieceError } from "../download_error.ts";
import { nodeHash, type PieceDigests } from "../expected_content.ts";

/** Reads bytes of a content, from a position up to another. */
export type ReadBytes = (from: number, to: number) => Iterable<Uint8Array>;

/** Checks the pieces of a content against their digests, each as soon as it is complete. */
export class PieceCheck {
  readonly #digests: PieceDigests;
  readonly #length: number;
  readonly #verified = new Set<number>();
  /** How often each piece was bad, whatever came between. */
  readonly #badTimes = new Map<number, number>();

  /** `length` is that of the content, all of which the pieces cover. */
  constructor(digests: PieceDigests, length: number) {
    this.#digests = digests;
    this.#length = length;
  }

  /** The content begins anew. */
  restart(): void {
    this.#verified.clear();
  }

  /**
   * Checks the pieces that bytes are part of, if they are complete.
   *
   * @param has whether all bytes from a position up to another are there
   * @returns what is wrong; undefined for nothing
   */
  check(
    first: number,
    end: number,
    has: (first: number, end: number) => boolean,
    read: ReadBytes,
  ): PieceError | undefined {
    const { pieceBytes, hexes } = this.#digests;
    const bad: number[] = [];
    for (let i = Math.floor(first / pieceBytes); i * pieceBytes < end && i < hexes.length; i++) {
      const range = this.#rangeOf(i);
      if (this.#verified.has(i) || !has(...range)) continue;
      if (this.#digestOf(range, read) === hexes[i]) this.#verified.add(i);
      else bad.push(i);
    }
    if (bad.length === 0) return undefined;
    for (const i of bad) this.#badTimes.set(i, (this.#badTimes.get(i) ?? 0) + 1);
    const [least] = bad;
    const [from, to] = this.#rangeOf(least!);
    const more = bad.length === 1 ? "" : `; nor do ${bad.length - 1} more`;
    const piece = `piece ${least! + 1} of ${hexes.length}, bytes ${from} to ${to - 1}`;
    const message = `${piece}, does not have the expected ${this.#digests.algorithm}${more}`;
    const times = Math.max(...bad.map((i) => this.#badTimes.get(i)!));
    return new PieceError(message, bad.map((i) => this.#rangeOf(i)), times);
  }

  #rangeOf(index: number): readonly [first: number, end: number] {
    const { pieceBytes } = this.#digests;
    return [index * pieceBytes, Math.min((index + 1) * pieceBytes, this.#length)];
  }

  #digestOf([first, end]: readonly [number, number], read: ReadBytes): string {
    const hash = createHash(nodeHash(this.#digests.algorithm));
    for (const bytes of read(first, end)) hash.update(bytes);
    return hash.digest("hex");
  }
}
