import type { Content } from "./content.ts";
import { listen, type Listener, listenResettable } from "./resettable.ts";
import { type Request, Wire } from "./wire.ts";

/** What becomes of a connection after an answer: it carries another request, or none. */
export type Then = "persists" | "ends" | "resets";

/** What a script works with. */
export interface Scene {
  readonly wire: Wire;
  readonly request: Request;
  /** What the server has. */
  readonly content: Content;
  /** What another server has under the same name: of the same length, and wrong. */
  readonly others: Content;
  /** The position in the content behind which a server that goes wrong never comes. */
  readonly brink: number;
  /** Sends octets of the content, in pieces, and counts them. */
  readonly sendContent: (octets: Uint8Array) => Promise<void>;
  /** Waits a little; for what is slow on purpose. */
  readonly pause: () => Promise<void>;
}

/** What a server does with each request; it may throw once the client has gone. */
export interface Script {
  /** Whether connections may be reset. */
  readonly mayReset?: true;
  readonly answer: (scene: Scene) => Promise<Then>;
}

/** How a server is set up. */
export interface ServerOptions {
  readonly content: Content;
  readonly others: Content;
  readonly brink: number;
  /** Awaited after each piece of content, so that a test can slow a server down. */
  readonly onSent?: (octets: number) => Promise<void>;
}

const PIECE_OCTETS = 16 * 1024;
const PAUSE_MS = 20;

/** A server on a raw socket of 127.0.0.1 that follows a script, right or wrong. */
export class ScriptedServer implements AsyncDisposable {
  readonly #listener: Listener;
  readonly #script: Script;
  readonly #options: ServerOptions;
  readonly #wires = new Set<Wire>();
  readonly #conversations = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #isClosed = false;
  /** Octets of content that went out, whether they arrived or not. */
  sentOctets = 0;

  private constructor(listener: Listener, script: Script, options: ServerOptions) {
    this.#listener = listener;
    this.#script = script;
    this.#options = options;
    this.#accepting = this.#accept();
  }

  /** Listens on a free port. */
  static async start(script: Script, options: ServerOptions): Promise<ScriptedServer> {
    const listener = script.mayReset ? await listenResettable() : listen();
    return new ScriptedServer(listener, script, options);
  }

  /** `127.0.0.1:PORT`. */
  get authority(): string {
    return `127.0.0.1:${this.#listener.port}`;
  }

  /** Stops listening, ends all connections, and waits for the scripts. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) this.#listener.close();
    this.#isClosed = true;
    for (const wire of this.#wires) wire[Symbol.dispose]();
    await this.#accepting;
    await Promise.all(this.#conversations);
  }

  async #accept(): Promise<void> {
    for await (const socket of this.#listener) {
      const wire = new Wire(socket);
      this.#wires.add(wire);
      // A client that goes away is none of our business: it is the one that is tested.
      const conversation = this.#converse(wire).catch(() => {}).finally(() => {
        wire[Symbol.dispose]();
        this.#wires.delete(wire);
        this.#conversations.delete(conversation);
      });
      this.#conversations.add(conversation);
    }
  }

  async #converse(wire: Wire): Promise<void> {
    for (let then: Then = "persists"; then === "persists";) {
      const request = await wire.request();
      if (request === undefined) return;
      const { content, others, brink } = this.#options;
      const sendContent = (octets: Uint8Array) => this.#sendContent(wire, octets);
      then = await this.#script.answer({
        wire,
        request,
        content,
        others,
        brink,
        sendContent,
        pause,
      });
      if (then === "resets") wire.reset();
      if (request.fields.get("connection") === "close") return;
    }
  }

  async #sendContent(wire: Wire, octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length; at += PIECE_OCTETS) {
      const piece = octets.subarray(at, at + PIECE_OCTETS);
      await wire.send(piece);
      this.sentOctets += piece.length;
      await this.#options.onSent?.(piece.length);
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
