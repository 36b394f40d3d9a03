import { connect as connectNode, createServer } from "node:net";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { textOf } from "./feed.ts";

/** Long enough that only what will never happen takes longer. */
const TOO_LONG_MS = 30_000;

/** One end of a connection that knows octets and no HTTP. In texts a character is an octet. */
export class RawPeer implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #watchdog: ReturnType<typeof setTimeout>;
  readonly #buffer = new Uint8Array(64 * 1024);
  #received = "";

  /** Takes over an open socket, which is closed with the peer. */
  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#watchdog = setTimeout(() => this[Symbol.dispose](), TOO_LONG_MS);
  }

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<RawPeer> {
    return new RawPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends all of it. */
  async send(octets: string | Uint8Array): Promise<void> {
    const all = typeof octets === "string" ? encodeLatin1(octets) : octets;
    for (let sent = 0; sent < all.length;) sent += await this.#conn.write(all.subarray(sent));
  }

  /** Sends each octet in a write of its own. */
  async sendEach(text: string): Promise<void> {
    this.#conn.setNoDelay();
    for (const character of text) await this.send(character);
  }

  /** Sends all of it, and that nothing follows. */
  async sendLast(octets: string | Uint8Array): Promise<void> {
    await this.send(octets);
    await this.#conn.closeWrite();
  }

  /** Takes what was received up to and with that text, once it is there. */
  async receiveUntil(text: string): Promise<string> {
    for (let from = 0;;) {
      const at = this.#received.indexOf(text, from);
      if (at !== -1) return this.#take(at + text.length);
      from = Math.max(0, this.#received.length - text.length);
      if (await this.#receive()) continue;
      throw new Error(`Closed without ${JSON.stringify(text)}: ${JSON.stringify(this.#received)}`);
    }
  }

  /** Takes the next so many octets, once they are there. */
  async receiveOctets(count: number): Promise<string> {
    while (this.#received.length < count) {
      if (!(await this.#receive())) throw new Error(`Closed after ${this.#received.length} octets`);
    }
    return this.#take(count);
  }

  /** Takes all that is received until the other side has sent its last. */
  async receiveAll(): Promise<string> {
    while (await this.#receive());
    return this.#take(this.#received.length);
  }

  /** Takes all that is received until the connection has ended, in whatever way. */
  async receiveUntilLost(): Promise<string> {
    try {
      while (await this.#receive());
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    return this.#take(this.#received.length);
  }

  #take(count: number): string {
    const taken = this.#received.slice(0, count);
    this.#received = this.#received.slice(count);
    return taken;
  }

  async #receive(): Promise<boolean> {
    const count = await this.#conn.read(this.#buffer);
    if (count !== null) this.#received += textOf(this.#buffer.subarray(0, count));
    return count !== null;
  }

  #isClosed = false;

  /** Closes the socket. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#watchdog);
    this.#conn.close();
  }
}

/** A server that does with each connection what its script says, and then closes it. */
export class RawServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #scripts = new Set<Promise<void>>();
  readonly #serving: Promise<void>;

  /** The script is told how many connections there were before. */
  constructor(script: (peer: RawPeer, index: number) => Promise<void>) {
    this.#serving = this.#serve(script);
  }

  /** A server that reads a request head and sends that. */
  static answering(...answers: readonly (string | Uint8Array)[]): RawServer {
    return new RawServer(async (peer, index) => {
      await peer.receiveUntil("\r\n\r\n");
      await peer.sendLast(answers[Math.min(index, answers.length - 1)]!);
      await peer.receiveUntilLost();
    });
  }

  /** Where it listens, on 127.0.0.1. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async #serve(script: (peer: RawPeer, index: number) => Promise<void>): Promise<void> {
    let index = 0;
    for await (const conn of this.#listener) {
      const peer = new RawPeer(conn);
      // The other side may go away in the middle: then it is the other side that the test looks at.
      this.#scripts.add(
        script(peer, index++).catch(() => {}).finally(() => peer[Symbol.dispose]()),
      );
    }
  }

  /** Stops listening; waits until every script has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    await Promise.all(this.#scripts);
  }
}

/** Two ends of one connection. */
export async function socketPair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  return await Promise.all([listener.accept(), Deno.connect({ hostname: "127.0.0.1", port })]);
}

/** Sends text on a new connection and, once told to, resets it: what Deno itself cannot do. */
export async function sendAndReset(port: number, text: string, when: Promise<unknown>) {
  const socket = connectNode(port, "127.0.0.1");
  socket.on("error", () => {});
  const isClosed = new Promise<unknown>((resolve) => socket.once("close", resolve));
  socket.write(encodeLatin1(text));
  await when;
  socket.resetAndDestroy();
  await isClosed;
}

/** Listens for one connection, reads something, sends text, and resets the connection. */
export async function resettingServer(text: string): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write(encodeLatin1(text), () => socket.resetAndDestroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
