import type { Content } from "./content.ts";
import { metalinkOf } from "../support/metalink.ts";
import { redirecting } from "./redirecting.ts";
import { ScriptedServer } from "./scripted_server.ts";
import { UPRIGHT } from "./upright.ts";

/** What a digest in the document is of. */
const PIECE_OCTETS = 64 * 1024;
/** How far the servers may be ahead of the file, so that little is under way at any time. */
const LEAD_OCTETS = 128 * 1024;
/** The unit of `blocks`, whatever the file system's. */
const BLOCK_OCTETS = 512;
/** A client that writes nothing for so long will not write what is under way. */
const STILL_MS = 200;

const BALANCER = {
  order: "by chance",
  heedsAvoidance: false,
  namesDuplicates: false,
  hiccups: 0,
} as const;

/**
 * Two upright servers of the same content behind a balancer. They send no faster than the client
 * writes, whatever the machine does meanwhile: so what they have sent is what the client has got,
 * and not what waits in the buffers of a kernel.
 */
export class PacedFarm implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #content: Uint8Array;
  readonly #partPath: string;
  readonly #servers: ScriptedServer[] = [];
  readonly #waiting = new Map<number, () => void>();
  #hasBegun = false;
  /**
   * What was sent and never will be in the file: it was under way to a client that was killed, or
   * another part of the file had come to its end by then.
   */
  #lostOctets = 0;
  #lastWritten = 0;
  /** Where the balancer is. */
  origin = "";

  private constructor({ octets }: Content, partPath: string) {
    this.#content = octets;
    this.#partPath = partPath;
  }

  /**
   * Starts all servers.
   *
   * @param partPath the file that grows with what arrives
   */
  static async with(
    content: Content,
    partPath: string,
    random: () => number,
  ): Promise<PacedFarm> {
    const farm = new PacedFarm(content, partPath);
    const options = { content, others: content, brink: 0, onSent: () => farm.#onSent() };
    for (let i = 0; i < 2; i++) {
      farm.#servers.push(await ScriptedServer.start(UPRIGHT.upright, options));
    }
    const authorities = farm.#servers.map(({ authority }) => authority);
    const script = redirecting(() => authorities, BALANCER, random);
    const balancer = await ScriptedServer.start(script, options);
    for (const server of [...farm.#servers, balancer]) farm.#stack.use(server);
    farm.origin = `http://${balancer.authority}`;
    return farm;
  }

  /** A Metalink document of the file of that name, which names both servers and the balancer. */
  document(name: string): string {
    const origins = this.#servers.map(({ authority }) => `http://${authority}`);
    const urls = [...origins, this.origin].map((origin) => `${origin}/${name}`);
    return metalinkOf({ name, content: this.#content, urls, pieceBytes: PIECE_OCTETS });
  }

  /** Octets of content that the servers have sent. */
  get sentOctets(): number {
    return this.#servers.reduce((sum, { sentOctets }) => sum + sentOctets, 0);
  }

  /** The client is gone: the next is to get what is not in the file. */
  lose(): void {
    this.#lostOctets = Math.max(0, this.sentOctets - this.#written());
  }

  /** Waits until the servers have sent so many octets. */
  async sent(octets: number): Promise<void> {
    if (this.sentOctets >= octets) return;
    await new Promise<void>((resolve) => this.#waiting.set(octets, resolve));
  }

  /** Ends all servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #onSent(): Promise<void> {
    for (const [octets, resolve] of this.#waiting) if (this.sentOctets >= octets) resolve();
    let since = performance.now();
    for (let before = this.#lastWritten; this.#isAhead(); before = this.#lastWritten) {
      // No event tells that another process has written.
      await new Promise((resolve) => setTimeout(resolve, 1));
      const now = performance.now();
      if (this.#lastWritten > before) since = now;
      else if (now - since > STILL_MS) this.lose();
    }
  }

  #isAhead(): boolean {
    return this.sentOctets - this.#lostOctets > this.#written() + LEAD_OCTETS;
  }

  /** Octets in the file; endlessly many once it has taken its name. */
  #written(): number {
    try {
      const { size, blocks } = Deno.statSync(this.#partPath);
      this.#hasBegun = true;
      // A hole between parts has a size, but no blocks.
      const written = blocks === null ? size : Math.min(size, blocks * BLOCK_OCTETS);
      this.#lostOctets += Math.max(0, this.#lastWritten - written); // It was begun anew.
      return this.#lastWritten = written;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return this.#hasBegun ? Infinity : 0;
    }
  }
}
