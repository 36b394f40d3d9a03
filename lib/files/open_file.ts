import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { Octets } from "./octets.ts";

/** A read of 64 KiB takes 5 us from memory; what takes longer than this, in ms, came from a disk. */
const SLOW_READ_MS = 0.3;

/** How many reads then go to another thread, so that a slow disk holds nobody else up. */
const READS_ELSEWHERE = 16;

/** A regular file that is open for reading, as it was when it was opened. */
export class OpenFile implements Octets {
  /** Octets. */
  readonly size: number;
  /** When its content last changed, in ms since 1970. */
  readonly modifiedMs: number;
  /** Tells it from all other files, and from itself with another content. */
  readonly identity: string;
  readonly #handle: FileHandle;
  /** The first read is the one that most likely waits for a disk. */
  #readsElsewhere = 1;

  /** Takes over a handle. */
  constructor(handle: FileHandle, size: number, modifiedMs: number, identity: string) {
    this.#handle = handle;
    this.size = size;
    this.modifiedMs = modifiedMs;
    this.identity = identity;
  }

  /**
   * Reads octets.
   *
   * What is in memory is read at once, which is three times as fast as by another thread.
   *
   * @param position of the first of them in the file
   * @returns how many there were; 0 at the end of the file
   * @throws what the system says, such as EIO
   */
  readAt(buffer: Uint8Array, position: number): number | Promise<number> {
    if (this.#readsElsewhere > 0) {
      this.#readsElsewhere--;
      return this.readElsewhere(buffer, position);
    }
    const before = performance.now();
    const count = readSync(this.#handle.fd, buffer, 0, buffer.length, position);
    if (performance.now() - before > SLOW_READ_MS) this.#readsElsewhere = READS_ELSEWHERE;
    return count;
  }

  /** As `readAt`, always by another thread, so that everybody else has a turn meanwhile. */
  async readElsewhere(buffer: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(buffer, 0, buffer.length, position)).bytesRead;
  }

  /**
   * Reads all of it.
   *
   * @throws {Error} when it is shorter by now, or what the system says
   */
  async readAll(): Promise<Uint8Array> {
    const content = new Uint8Array(this.size);
    for (let position = 0; position < content.length;) {
      const count = await this.readAt(content.subarray(position), position);
      if (count === 0) throw new Error("The file became shorter while it was read.");
      position += count;
    }
    return content;
  }

  /** Frees it. Called once. */
  close(): void {
    this.#handle.close().catch(() => {}); // A file that was only read has nothing to lose.
  }
}
