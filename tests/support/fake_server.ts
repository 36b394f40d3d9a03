/** What a fake server does with a connection once a request head has arrived on it. */
export type Answer = (conn: Deno.TcpConn, requestHead: string) => Promise<unknown>;

/** Sends these octets, one for each character, and closes. */
export function saying(text: string): Answer {
  return (conn) => write(conn, text);
}

/** Sends a whole response. */
export function answering(
  statusLine: string,
  content: string,
  ...fieldLines: readonly string[]
): Answer {
  const lines = [`HTTP/1.1 ${statusLine}`, `Content-Length: ${content.length}`, ...fieldLines];
  return saying(`${lines.join("\r\n")}\r\n\r\n${content}`);
}

/** Says nothing until the other side has gone. */
export const hanging: Answer = async (conn) => {
  while (await conn.read(new Uint8Array(1024)) !== null);
};

/** Answers by the request-target. */
export function byTarget(answers: Readonly<Record<string, Answer>>): Answer {
  return (conn, requestHead) => {
    const [, target = ""] = requestHead.split(" ", 2);
    return (answers[target] ?? answering("404 Not Found", ""))(conn, requestHead);
  };
}

/** A server on a raw socket that answers as a test wants it to, right or wrong. */
export class FakeServer implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>[] = [];
  readonly #accepting: Promise<void>;
  #isClosed = false;
  readonly #arrived = Promise.withResolvers<void>();
  /** What requests get from now on. */
  answer: Answer;
  /** The request heads that have arrived, one octet a character. */
  readonly requestHeads: string[] = [];

  /** Listens on a port, by default on a free one. */
  constructor(answer: Answer, hostname = "127.0.0.1", port = 0) {
    this.answer = answer;
    this.#listener = Deno.listen({ hostname, port });
    this.#accepting = this.#accept();
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** `host:port`, as in a URL. */
  get authority(): string {
    const { hostname, port } = this.#listener.addr;
    return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  }

  /** Waits until a request has arrived. */
  async firstRequest(): Promise<void> {
    await this.#arrived.promise;
  }

  /** Stops listening, so that connecting is refused, and ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) this.#listener.close();
    this.#isClosed = true;
    for (const conn of this.#open) close(conn);
    await this.#accepting;
    await Promise.all(this.#serving);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#open.add(conn);
      // A client that goes away is none of our business: it is the one that is tested.
      this.#serving.push(
        this.#serve(conn).catch(() => {}).finally(() => {
          this.#open.delete(conn);
          close(conn);
        }),
      );
    }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const requestHead = await readHead(conn);
    if (requestHead === undefined) return;
    this.requestHeads.push(requestHead);
    const { answer } = this;
    this.#arrived.resolve();
    await answer(conn, requestHead);
    await conn.closeWrite();
  }
}

async function readHead(conn: Deno.TcpConn): Promise<string | undefined> {
  const buffer = new Uint8Array(1024);
  for (let text = "";;) {
    const count = await conn.read(buffer);
    if (count === null) return undefined;
    text += String.fromCharCode(...buffer.subarray(0, count));
    if (text.endsWith("\r\n\r\n")) return text;
  }
}

async function write(conn: Deno.TcpConn, text: string): Promise<void> {
  const octets = Uint8Array.from(text, (character) => character.charCodeAt(0));
  for (let sent = 0; sent < octets.length;) sent += await conn.write(octets.subarray(sent));
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}
