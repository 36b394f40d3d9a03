import { Duplex } from "node:stream";
import { connect, rootCertificates, type TLSSocket } from "node:tls";
import { closeSocket, type Socket } from "./connection.ts";
import type { TlsSettings } from "./dial.ts";

const PIECE_BYTES = 64 * 1024;

/** While more has arrived and is not taken yet, nothing is read: Node's module has no limit here. */
const MOST_UNREAD = 256 * 1024;

/** What encryption adds to a record, at the most: that of TLS 1.2 with AES-GCM (RFC 5288 §3). */
const MOST_OVERHEAD = 24;

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
  readonly #meter = new RecordMeter();
  #takenBytes = 0;
  #taken = Promise.withResolvers<void>();
  /** Whether what is below ended before TLS did: the rest may be missing (RFC 8446 §6.1). */
  #isCut = false;

  /** Takes the outer socket over. */
  constructor(outer: Socket, hostname: string, { caCerts, serverName = hostname }: TlsSettings) {
    this.#outer = outer;
    this.#socket = connect({
      socket: this.#streamOver(outer),
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
      if (done && this.#isCut) throw new Deno.errors.UnexpectedEof("TLS was not ended");
      if (done) return null;
      this.#rest = value;
    }
    const count = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    this.#takenBytes += count;
    this.#taken.resolve();
    return count;
  }

  /** A socket as a stream of Node, from which no more is read than is taken. */
  #streamOver(socket: Socket): Duplex {
    const readPiece = async (): Promise<Uint8Array | null> => {
      while (this.#meter.contentBytes - this.#takenBytes > MOST_UNREAD) {
        this.#taken = Promise.withResolvers();
        await this.#taken.promise;
      }
      const piece = new Uint8Array(PIECE_BYTES);
      const count = await socket.read(piece);
      if (count === null) return null;
      this.#meter.add(piece.subarray(0, count));
      return piece.subarray(0, count);
    };
    const writeAll = async (bytes: Uint8Array) => {
      for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
    };
    const stream = new Duplex({
      read() {
        readPiece().then((piece) => this.push(piece), (error) => this.destroy(error));
      },
      write: (bytes: Uint8Array, _encoding, done) => void writeAll(bytes).then(() => done(), done),
    });
    stream.on("error", () => {});
    // TLS has had all that came by now, and is told of the end after this.
    stream.once("end", () => {
      this.#isCut = !hasEnded(this.#socket);
    });
    return stream;
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

/** Whether a stream has got its end, read or not; of that Node has no public sign. */
function hasEnded(stream: object): boolean {
  return (stream as { _readableState: { ended: boolean } })._readableState.ended;
}

/** TLS's type of records with content (RFC 8446 §5.1). */
const APPLICATION_DATA = 23;

/**
 * Counts how much content the records of a stream hold: a few bytes a record too low, and too high by
 * the messages of a handshake that are encrypted as content is, some KiB.
 */
export class RecordMeter {
  #header: number[] = [];
  #left = 0;
  contentBytes = 0;

  /** Counts what has arrived, however it is split. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, bytes.length - at);
        this.#left -= count;
        at += count;
        continue;
      }
      this.#header.push(bytes[at++]!);
      if (this.#header.length === 5) this.#begin(this.#header.splice(0));
    }
  }

  /** RFC 8446 §5.1: type, version, and the length in two bytes. */
  #begin([type, , , high = 0, low = 0]: readonly number[]): void {
    this.#left = high * 256 + low;
    if (type === APPLICATION_DATA) this.contentBytes += Math.max(0, this.#left - MOST_OVERHEAD);
  }
}
