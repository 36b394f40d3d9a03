import { encodeLatin1 } from "../../lib/http/grammar.ts";
import type { Socket } from "./resettable.ts";

/** What a script needs to know of a request. */
export interface Request {
  readonly method: string;
  readonly target: string;
  /** By names in lower case; of several values the last. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A request head that is longer is none of a downloader's. */
const MOST_HEAD_OCTETS = 16 * 1024;

/** The server's end of one connection, which knows octets and as much HTTP as it takes to lie. */
export class Wire implements Disposable {
  readonly #socket: Socket;
  #rest = "";
  #isClosed = false;

  /** Takes over an open socket, which is closed with the wire. */
  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The next request; undefined when the client has gone. */
  async request(): Promise<Request | undefined> {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end !== -1) {
        const head = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 4);
        return parse(head);
      }
      const count = await this.#socket.read(buffer);
      if (count === null || this.#rest.length > MOST_HEAD_OCTETS) return undefined;
      this.#rest += String.fromCharCode(...buffer.subarray(0, count));
    }
  }

  /** Sends all of it. */
  async send(octets: string | Uint8Array): Promise<void> {
    const all = typeof octets === "string" ? encodeLatin1(octets) : octets;
    for (let sent = 0; sent < all.length;) sent += await this.#socket.write(all.subarray(sent));
  }

  /** Says nothing until the client has gone. */
  async untilGone(): Promise<void> {
    const buffer = new Uint8Array(4096);
    while (await this.#socket.read(buffer) !== null);
  }

  /** Closes the socket; a script that still uses it fails. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  /** Closes it so that the client gets an error instead of an end. */
  reset(): void {
    this.#isClosed = true;
    this.#socket.reset!();
  }
}

function parse(head: string): Request {
  const [requestLine = "", ...lines] = head.split("\r\n");
  const [method = "", target = ""] = requestLine.split(" ");
  const fields = lines.map((line): [string, string] => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
  });
  return { method, target, fields: new Map(fields) };
}

/** A response head; a field whose value is undefined is left out. */
export function headOf(
  status: string,
  fields: Readonly<Record<string, string | number | undefined>>,
): string {
  const lines = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}

/** A whole response without content worth keeping. */
export function refusalOf(
  status: string,
  fields: Readonly<Record<string, string | number>> = {},
): string {
  const content = `<title>${status}</title>\n`;
  return headOf(status, { ...fields, "Content-Length": content.length }) + content;
}
