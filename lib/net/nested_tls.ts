import { Duplex } from "node:stream";
import { connect, rootCertificates, type TLSSocket } from "node:tls";
import { closeSocket, type Socket } from "./connection.ts";
import type { TlsSettings } from "./dial.ts";

const PIECE_BYTES = 64 * 1024;

/** The one fault of a certificate that Node tells from others: it is for another name. */
const OTHER_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";

/** Errors of the connection below; all others of a handshake are refusals. */
const LOST: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE"]);

/**
 * TLS within a connection that is encrypted already: with a server, through a proxy that speaks TLS
 * itself. Deno starts TLS only over TCP, but Node's module does over any stream.
 */
export class NestedTls implements Socket {
  readonly #outer: Socket;
  readonly #socket: TLSSocket;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #handshake: Promise<void>;
  #rest: Uint8Array = new Uint8Array(0);

  /** Takes the outer socket over. */
  constructor(outer: Socket, hostname: string, { caCerts, serverName = hostname }: TlsSettings) {
    this.#outer = outer;
    this.#socket = connect({
      socket: streamOver(outer),
      // An address is verified, but is no name for SNI (RFC 6066 §3).
      ...(/^[0-9.]+$|:/.test(serverName) ? { host: serverName } : { servername: serverName }),
      ...(caCerts.length > 0 && { ca: [...authorities(), ...caCerts] }),
      ALPNProtocols: ["http/1.1"],
    });
    this.#handshake = new Promise((resolve, reject) => {
      this.#socket.once("secureConnect", resolve);
      this.#socket.once("close", () => reject(new Deno.errors.ConnectionReset()));
      // Stays, since an error that nothing listens for would end the process.
      this.#socket.on("error", (error: Error & { code?: string }) => {
        const isOtherName = error.code === OTHER_NAME;
        const message = isOtherName ? "invalid peer certificate: NotValidForName" : error.message;
        reject(LOST.has(error.code) ? error : new Deno.errors.InvalidData(message));
      });
    });
    this.#handshake.catch(() => {});
    this.#pieces = this.#socket[Symbol.asyncIterator]();
  }

  get remoteAddr(): Deno.NetAddr {
    return this.#outer.remoteAddr;
  }

  handshake(): Promise<void> {
    return this.#handshake;
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#rest.length === 0) {
      const { value, done } = await this.#pieces.next();
      if (done) return null;
      this.#rest = value;
    }
    const count = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(resolve));
  }

  close(): void {
    this.#socket.destroy();
    closeSocket(this.#outer);
  }
}

/**
 * The authorities that are trusted without `ca`, which stands in their place. Where reading them is
 * not permitted there are none, so that less is trusted and never more.
 */
function authorities(): readonly string[] {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "ca" });
  return state === "granted" ? rootCertificates : [];
}

/** A socket as a stream of Node. */
function streamOver(socket: Socket): Duplex {
  const writeAll = async (bytes: Uint8Array) => {
    for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
  };
  const stream = new Duplex({
    read() {
      const piece = new Uint8Array(PIECE_BYTES);
      socket.read(piece).then(
        (count) => this.push(count === null ? null : piece.subarray(0, count)),
        (error) => this.destroy(error),
      );
    },
    write: (bytes: Uint8Array, _encoding, done) => void writeAll(bytes).then(() => done(), done),
  });
  stream.on("error", () => {});
  return stream;
}
