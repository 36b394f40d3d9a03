import { close, read, readSync } from "node:fs";
import type { ByteSource } from "./range_content.ts";

/**
 * For how long, in ms, a file may change again and keep its modification time: systems take it from a
 * clock that ticks every few ms, some file systems every 2 s.
 */
export const TICK_MS = 2000;

/** Images of systems and package stores give all of their files the time 0 or 1 s. */
const FIRST_MS = 2000;

/** The end of the year 9999: an HTTP-date has four digits for it (RFC 9110 §5.6.7). */
export const LAST_DATE_MS = 253_402_300_799_999;

/** Whether a file that was modified then may change now and keep its modification time. */
export function isWithinTick(modifiedMs: number, epochMs: number): boolean {
  return Math.abs(epochMs - modifiedMs) < TICK_MS;
}

/**
 * Whether a modification time tells one version of a file from the next, as a strong ETag or a
 * Last-Modified promises (RFC 9110 §8.8.1): not if it is one that was set for all versions alike,
 * is beyond the calendar, or so near that the file may change once more within it.
 *
 * @param modifiedMs in ms since 1970; NaN if the system has none
 * @param epochMs now, in ms since 1970
 */
export function tellsVersions(modifiedMs: number, epochMs: number): boolean {
  return modifiedMs >= FIRST_MS && modifiedMs <= LAST_DATE_MS && !isWithinTick(modifiedMs, epochMs);
}

/** A read of 64 KiB takes 5 us from memory; one that takes longer than this, in ms, is from disk. */
const SLOW_READ_MS = 0.3;

/** How many reads then go to another thread, so that a slow disk delays no other client. */
const READS_ELSEWHERE = 16;

/** A regular file that is open for reading, as it was when it was opened. */
export class OpenFile implements ByteSource, Disposable {
  readonly size: number;
  /** When its content last changed, in ms since 1970. */
  readonly modifiedMs: number;
  /** Differs from that of all other files, and of this one with another content. */
  readonly identity: string;
  readonly #fd: number;
  readonly #path: string;
  /** The first read is the most likely one to wait for a disk. */
  #readsElsewhere = 1;
  #isMoved = false;

  /** Takes over a descriptor. */
  constructor(fd: number, path: string, size: number, modifiedMs: number, identity: string) {
    this.#fd = fd;
    this.#path = path;
    this.size = size;
    this.modifiedMs = modifiedMs;
    this.identity = identity;
  }

  /**
   * As `ByteSource`. Content in the page cache is read at once, three times as fast as by another
   * thread.
   *
   * @throws {Error} names the file and the position where it could not be read, with the system's
   *     error as its cause; or says that the file became shorter
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

  /** As `readAt`, always by another thread, so that it delays no other client. */
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

  /** Makes another owner responsible for closing it: the end of its scope will not. */
  move(): this {
    this.#isMoved = true;
    return this;
  }

  /** Closes it, unless it was moved. */
  [Symbol.dispose](): void {
    if (!this.#isMoved) this.close();
  }

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
