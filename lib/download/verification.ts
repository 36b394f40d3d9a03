import type { Fields } from "../http/fields.ts";
import { createHash, type Hash } from "node:crypto";
import { digestOf } from "../http/digest_fields.ts";
import { type ContentDigest, type HashName, nodeHash } from "./expected_content.ts";

/**
 * Hashes content while it arrives, and compares it with what was promised: by the user or a Metalink
 * document, and by the servers in Repr-Digest and Content-Digest (RFC 9530). Loading this takes
 * Node's modules, some 20 ms: only for a download that needs it.
 */
export class Verification {
  readonly #expected: readonly ContentDigest[];
  readonly #wanted: Set<HashName>;
  /** Of all bytes of the content so far. */
  readonly #whole = new Map<HashName, Hash>();
  #hashed = 0;
  #promised: ContentDigest[] = [];
  /** Of the content of the present response. */
  #message: { readonly digest: ContentDigest; readonly hash: Hash } | undefined;

  /**
   * @param expected what is known of it beforehand
   * @param wantsSha256 whether to compute that all the same
   */
  constructor(expected: readonly ContentDigest[], wantsSha256: boolean) {
    this.#expected = expected;
    this.#wanted = new Set(expected.map(({ algorithm }) => algorithm));
    if (wantsSha256) this.#wanted.add("sha-256");
  }

  restart(): void {
    this.#whole.clear();
    this.#hashed = 0;
    this.#promised = [];
  }

  /**
   * A response begins.
   *
   * @param position how many bytes of the content are there already
   * @param bytes reads them from a position on; undefined where they cannot be read
   */
  async begin(
    fields: Fields,
    position: number,
    bytes: (from: number) => AsyncIterable<Uint8Array> | undefined,
  ): Promise<void> {
    this.#notePromise(fields);
    const digest = digestOf(fields, "content-digest");
    this.#message = digest && { digest, hash: createHash(nodeHash(digest.algorithm)) };
    await this.#catchUp(position, bytes);
  }

  /** A response begins whose content may arrive beside that of others, in no order. */
  beginParts(fields: Fields, position: number): void {
    this.#notePromise(fields);
    this.#message = undefined;
    if (position > 0 && this.#hashed <= position) return;
    this.#startAgain();
  }

  /** Bytes were written at a position: they are hashed if all before them is. */
  offer(bytes: Uint8Array, position: number): void {
    if (position === this.#hashed) this.#add(bytes);
  }

  /** Bytes behind a position are to come again: those that were offered may be others. */
  forget(position: number): void {
    if (position < this.#hashed) this.#startAgain();
  }

  /** The content is there, joined of parts that came in no order: of these responses, and others. */
  async join(
    responses: Iterable<Fields>,
    length: number,
    bytes: (from: number) => AsyncIterable<Uint8Array>,
  ): Promise<void> {
    for (const fields of responses) this.#notePromise(fields);
    await this.#catchUp(length, bytes);
  }

  #notePromise(fields: Fields): void {
    const promised = digestOf(fields, "repr-digest");
    if (promised !== undefined) this.#promised.push(promised);
  }

  /** The algorithms that are needed, but do not hash what arrives. */
  #missing(): HashName[] {
    const needed = new Set([...this.#wanted, ...this.#promised.map(({ algorithm }) => algorithm)]);
    return [...needed].filter((it) => !this.#whole.has(it));
  }

  #startAgain(): void {
    this.#whole.clear();
    for (const it of this.#missing()) this.#whole.set(it, createHash(nodeHash(it)));
    this.#hashed = 0;
  }

  /** Hashes what is there, where that was not done while it arrived. */
  async #catchUp(
    position: number,
    bytes: (from: number) => AsyncIterable<Uint8Array> | undefined,
  ): Promise<void> {
    const mustRestart = this.#hashed > position || this.#missing().length > 0;
    const from = mustRestart ? 0 : this.#hashed;
    const earlier = from < position ? bytes(from) : [];
    if (earlier === undefined) return;
    if (mustRestart) this.#startAgain();
    for await (const piece of earlier) this.#add(piece);
  }

  /**
   * Bytes of the present response have arrived.
   *
   * @param isNew whether they go on behind those that are there
   */
  update(bytes: Uint8Array, isNew = true): void {
    this.#message?.hash.update(bytes);
    if (isNew) this.#add(bytes);
  }

  #add(bytes: Uint8Array): void {
    for (const hash of this.#whole.values()) hash.update(bytes);
    this.#hashed += bytes.length;
  }

  /** What the end of a response shows to be wrong with it; undefined for nothing. */
  messageFault(): string | undefined {
    if (this.#message === undefined) return undefined;
    const { digest, hash } = this.#message;
    return faultOf("Content-Digest", digest, hash.digest("hex"));
  }

  /** What the end of the content shows to be wrong with it; undefined for nothing. */
  wholeFault(): string | undefined {
    const named = [
      ...this.#expected.map((digest) => ["", digest] as const),
      ...this.#promised.map((digest) => ["Repr-Digest", digest] as const),
    ];
    for (const [name, digest] of named) {
      const hash = this.#whole.get(digest.algorithm);
      const fault = hash && faultOf(name, digest, hash.copy().digest("hex"));
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** That of the whole content, in hexadecimal digits; undefined when it was not wanted. */
  get sha256(): string | undefined {
    return this.#wanted.has("sha-256")
      ? this.#whole.get("sha-256")?.copy().digest("hex")
      : undefined;
  }
}

function faultOf(
  name: string,
  { algorithm, hex }: ContentDigest,
  actual: string,
): string | undefined {
  if (actual === hex) return undefined;
  const promise = name === "" ? "was expected" : `its ${name} promised`;
  return `the content has the ${algorithm} ${actual}, but ${promise} ${hex}`;
}

/** The digest of bytes, in hexadecimal digits. */
export async function digestOfBytes(
  algorithm: HashName,
  bytes: AsyncIterable<Uint8Array>,
): Promise<string> {
  const hash = createHash(nodeHash(algorithm));
  for await (const piece of bytes) hash.update(piece);
  return hash.digest("hex");
}
