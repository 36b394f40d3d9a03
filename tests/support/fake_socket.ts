import type { Socket } from "../../lib/net/connection.ts";
import { textOf } from "./feed.ts";

/** A socket that takes at the most so many octets a write, and remembers them. */
export class FakeSocket {
  readonly writes: string[] = [];

  constructor(readonly most = Infinity) {}

  /** As a connection wants it. */
  get conn(): Socket {
    return this as unknown as Socket;
  }

  write(octets: Uint8Array): Promise<number> {
    const taken = octets.subarray(0, this.most);
    this.writes.push(textOf(taken));
    return Promise.resolve(taken.length);
  }

  close(): void {}
}

/** A socket whose writes are ended by the test: only then it looks at the octets. */
export class SlowSocket extends FakeSocket {
  #next = Promise.withResolvers<void>();

  override async write(octets: Uint8Array): Promise<number> {
    await this.#next.promise;
    return super.write(octets);
  }

  /** Lets the write that is under way, and those to come, end. */
  open(): void {
    this.#next.resolve();
  }
}
