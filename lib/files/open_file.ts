import { close, read, readSync } from "node:fs";
import type { ByteSource } from "./range_content.ts";

/** A read of 64 KiB takes 5 us from memory; one that takes longer than this, in ms, is from disk. */
const SLOW_READ_MS = 0.3;

/** How many reads then go to another thread, so that a slow disk delays no other client. */
const READS_ELSEWHERE = 16;

/** A regular file that is open for reading, as it was when it was opened. */
export class OpenFile implements ByteSource, Disposable {
  /** Bytes. */
  readonly size: number;
  /** When its content last changed, in ms since 1970. */
  readonly modifiedMs: number;
  /** Differs from that of all other files, and of this one with another content. */
  readonly identity: string;
  readonly #fd: number;
  /** For messages. */
  readonly #path: string;
  /** The first read is the most likely one to wait for a disk. */
  #readsElsewhere = 1;
  #isMoved = false;

  /** Takes over a descriptor. */
  constructor(
    fd: number,
    path: string,
    size: number,
    modifiedMs: number,
    identity: string,
  ) {
    this.#fd = fd;
    this.#path = path;
    this.size = size;
    this.modifiedMs = modifiedMs;
    this.identity = identity;
  }

  /**
   * Reads bytes.
   *
   * Content in the page cache is read at once, three times as fast as by another thread.
   *
   * @param position of the first of them in the file, less than its size
   * @returns how many there were; never 0
   * @throws {Error} says which file could not be read and where, with what the system says as its
   *     cause; or that the file became shorter
   */
  readAt(buffer: Uint8Array, position: number): number | Promise<number> {
    if (this.#readsElsewhere > 0) {
      this.#readsElsewhere--;
      return this.readElsewhere(buffer, position);
    }
    const before = performance.now();
    let count: number;
    try {
      count = readSync(this.#fd, buffer, 0, buffer.length, position);
    } catch (cause) {
      throw this.#unreadable(position, cause);
    }
    if (performance.now() - before > SLOW_READ_MS) this.#readsElsewhere = READS_ELSEWHERE;
    return this.#counted(count, position);
  }

  /** As `readAt`, always by another thread, so that other clients are served meanwhile. */
  async readElsewhere(buffer: Uint8Array, position: number): Promise<number> {
    const count = await new Promise<number>((resolve, reject) => {
      read(this.#fd, buffer, 0, buffer.length, position, (error, count) => {
        error ? reject(this.#unreadable(position, error)) : resolve(count!);
      });
    });
    return this.#counted(count, position);
  }

  /**
   * Reads all of it.
   *
   * @throws as `readAt`
   */
  async readAll(): Promise<Uint8Array> {
    const content = new Uint8Array(this.size);
    for (let position = 0; position < content.length;) {
      position += await this.readAt(content.subarray(position), position);
    }
    return content;
  }

  /** Leaves it to another owner to close: the end of the scope that holds it does not. */
  move(): this {
    this.#isMoved = true;
    return this;
  }

  /** Frees it, unless it was moved. */
  [Symbol.dispose](): void {
    if (!this.#isMoved) this.close();
  }

  /** Frees it. Called once. */
  close(): void {
    close(this.#fd, () => {}); // Closing a file that was only read loses nothing.
  }

  #counted(count: number, position: number): number {
    if (count > 0) return count;
    throw new Error(
      `${this.#path} became shorter while it was sent: it ends before ${this.#at(position)}`,
    );
  }

  #unreadable(position: number, cause: unknown): Error {
    return new Error(`${this.#path} cannot be read at ${this.#at(position)}`, { cause });
  }

  #at(position: number): string {
    return `byte ${position} of ${this.size}`;
  }
}
