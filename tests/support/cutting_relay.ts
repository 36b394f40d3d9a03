/** What becomes of a connection on which enough was sent: it ends, or nothing more arrives. */
export type Cut = "ends" | "stalls";

/** Stands before a server, and cuts some connections in the middle of what the server sends. */
export class CuttingRelay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #relays = new Set<Promise<void>>();
  readonly #serving: Promise<void>;
  readonly #serverPort: number;
  readonly #limit: number;
  readonly #cut: Cut;
  #cuts: number;

  /**
   * Cuts the first connections on which more would be sent than the limit.
   *
   * @param limit octets to the client
   * @param cuts how many are cut
   * @param cut how they are
   */
  constructor(serverPort: number, limit: number, cuts: number, cut: Cut = "ends") {
    this.#serverPort = serverPort;
    this.#limit = limit;
    this.#cuts = cuts;
    this.#cut = cut;
    this.#serving = this.#serve();
  }

  /** Where it listens on 127.0.0.1. */
  get origin(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** How many connections are still to be cut. */
  get cutsLeft(): number {
    return this.#cuts;
  }

  async #serve(): Promise<void> {
    for await (const client of this.#listener) this.#relays.add(this.#relay(client));
  }

  async #relay(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#serverPort });
    // Either way may end in the middle: what matters is seen by the client. One that has left may
    // have left a connection that the server keeps.
    const up = copy(client, server, () => true).catch(() => {}).then(() => close(server));
    const isCut = await copy(server, client, (sent) => this.#mayPass(sent)).catch(() => false);
    if (isCut && this.#cut === "stalls") await up;
    client.close();
    close(server);
    await up;
  }

  #mayPass(sent: number): boolean {
    if (this.#cuts === 0 || sent <= this.#limit) return true;
    this.#cuts--;
    return false;
  }

  /** Stops listening, and waits until both sides of all connections have left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    await Promise.all(this.#relays);
  }
}

/** Copies until the end, or until so much may not pass; returns whether that was so. */
async function copy(
  from: Deno.Conn,
  to: Deno.Conn,
  mayPass: (sent: number) => boolean,
): Promise<boolean> {
  const buffer = new Uint8Array(64 * 1024);
  for (let sent = 0, count; (count = await from.read(buffer)) !== null;) {
    sent += count;
    if (!mayPass(sent)) return true;
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
  }
  return false;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}
