import { answering, FakeServer } from "./fake_server.ts";
import { SERVER } from "./tls.ts";

/** What a proxy answers to CONNECT in place of a tunnel, where it opens none. */
export type Refusal = { readonly statusLine: string; readonly content?: string };

/**
 * A proxy that passes on what it is asked for, and remembers the heads it was sent. It finds all hosts
 * at 127.0.0.1.
 */
export class FakeProxy extends FakeServer {
  /** What CONNECT gets; undefined for a tunnel. */
  refusal: Refusal | undefined;
  /** The only server that it gets it for; undefined for all. */
  refusedServer: string | undefined;
  /** After how many bytes of a server the next connection ends. */
  drawMostBytes = () => Infinity;

  constructor(hostname = "127.0.0.1") {
    super((conn, head) => this.#pass(conn, head), hostname);
  }

  async #pass(client: Deno.TcpConn, head: string): Promise<void> {
    const [method = "", target = ""] = head.split(" ", 2);
    const isTunnel = method === "CONNECT";
    const isRefused = isTunnel && target === (this.refusedServer ?? target);
    if (this.refusal !== undefined && isRefused) {
      const { statusLine, content = "" } = this.refusal;
      await answering(statusLine, content, "Location: http://127.0.0.1:1/")(client, head);
      return;
    }
    const { port, pathname, search } = new URL(isTunnel ? `http://${target}` : target);
    const server = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) })
      .catch(() => undefined);
    if (server === undefined) {
      await answering("502 Bad Gateway", "")(client, head);
      return;
    }
    const passed = head.replace(target, pathname + search).replace(/^Proxy-.*\r\n/gm, "");
    if (isTunnel) await write(client, "HTTP/1.1 200 Connection established\r\n\r\n");
    else await write(server, passed.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    const mostBytes = this.drawMostBytes();
    await Promise.race([relay(server, client, mostBytes), relay(client, server)]);
    server.close();
  }
}

/** A front of a proxy that speaks TLS with its clients. */
export class TlsFront implements AsyncDisposable {
  readonly #listener: Deno.TlsListener;
  readonly #accepting: Promise<void>;
  readonly #open = new Set<Deno.Conn>();

  /** Passes on to a port of 127.0.0.1; the certificate is for that. */
  constructor(port: number, credentials: { cert: string; key: string } = SERVER) {
    const [cert, key] = [credentials.cert, credentials.key].map((file) =>
      Deno.readTextFileSync(file)
    );
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: cert!, key: key! });
    this.#accepting = this.#accept(port);
  }

  /** `HOST:PORT`. */
  get authority(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#open) closeQuietly(conn);
    await this.#accepting;
  }

  async #accept(port: number): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const conn of this.#listener) serving.push(this.#pass(conn, port).catch(() => {}));
    await Promise.all(serving);
  }

  async #pass(client: Deno.Conn, port: number): Promise<void> {
    const proxy = await Deno.connect({ hostname: "127.0.0.1", port });
    for (const conn of [client, proxy]) this.#open.add(conn);
    await Promise.race([relay(proxy, client), relay(client, proxy)]).catch(() => {});
    for (const conn of [client, proxy]) closeQuietly(conn);
  }
}

async function relay(from: Deno.Conn, to: Deno.Conn, most = Infinity): Promise<void> {
  const buffer = new Uint8Array(16 * 1024);
  for (let passed = 0; passed < most;) {
    const count = await from.read(buffer).catch(() => null);
    if (count === null) return;
    passed += count;
    await writeAll(to, buffer.subarray(0, count));
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}

async function write(conn: Deno.Conn, text: string): Promise<void> {
  await writeAll(conn, new TextEncoder().encode(text));
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}
