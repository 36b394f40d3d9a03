import { createServer, type Server, type Socket as NodeSocket } from "node:net";

/** As much of a socket as a script uses. */
export interface Socket {
  /** Reads what there is; null once the other side has sent its last. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of it, and says how much. */
  write(octets: Uint8Array): Promise<number>;
  /** Closes the connection in good order. */
  close(): void;
  /** Resets the connection: the other side gets an error instead of an end. */
  reset?(): void;
}

/** As much of a listener as a server uses. */
export interface Listener extends AsyncIterable<Socket> {
  readonly port: number;
  close(): void;
}

/** Listens on a free port of 127.0.0.1 with sockets that cannot be reset. */
export function listen(): Listener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return {
    port: listener.addr.port,
    close: () => listener.close(),
    async *[Symbol.asyncIterator]() {
      for await (const conn of listener) {
        conn.setNoDelay();
        yield conn;
      }
    },
  };
}

/** Listens on a free port of 127.0.0.1 with sockets that can: those of Deno have no call for it. */
export async function listenResettable(): Promise<Listener> {
  const server: Server = createServer({ allowHalfOpen: true });
  const sockets = new ReadableStream<Socket>({
    start: (controller) => {
      server.on("connection", (socket) => controller.enqueue(new ResettableSocket(socket)));
      server.on("close", () => controller.close());
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    close: () => void server.close(),
    [Symbol.asyncIterator]: () => sockets[Symbol.asyncIterator](),
  };
}

class ResettableSocket implements Socket {
  readonly #socket: NodeSocket;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(socket: NodeSocket) {
    this.#socket = socket;
    // Who writes or reads is told by these calls; an error that nobody listens to ends the process.
    socket.on("error", () => {});
    this.#chunks = socket.iterator({ destroyOnReturn: false });
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#rest.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done) return null;
      this.#rest = value;
    }
    const part = this.#rest.subarray(0, buffer.length);
    buffer.set(part);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }

  write(octets: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(octets, (error) => error ? reject(error) : resolve(octets.length));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }
}
