/** A response as the roles' tests read it, with a reader of their own. */
export interface RawResponse {
  readonly statusCode: number;
  /** Status line and field lines without the empty line, one octet a character. */
  readonly head: string;
  /** By name in lower case; of a repeated field, the last. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** One connection of a client that sends any octets, and reads responses with a Content-Length. */
export class RawClient implements Disposable {
  readonly #conn: Deno.Conn;
  #isClosed = false;
  #unread: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects to this machine. */
  static async connect(port: number, hostname = "127.0.0.1"): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname, port }));
  }

  /** Takes over an open connection. */
  static over(conn: Deno.Conn): RawClient {
    return new RawClient(conn);
  }

  /** Sends text, one octet a character. */
  async send(text: string): Promise<void> {
    const octets = Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (let sent = 0; sent < octets.length;) {
      sent += await this.#conn.write(octets.subarray(sent));
    }
  }

  /** Sends a GET and reads its response; the connection stays open. */
  async get(target: string): Promise<RawResponse> {
    await this.send(`GET ${target} HTTP/1.1\r\nHost: test\r\n\r\n`);
    return await this.response();
  }

  /** Reads one response; one to HEAD has no body. */
  async response(method = "GET"): Promise<RawResponse> {
    const { head, statusCode, fields } = await this.responseHead();
    const hasBody = method !== "HEAD" && statusCode !== 204;
    const length = hasBody ? Number(fields.get("content-length")) : 0;
    return { head, statusCode, fields, body: await this.#take(length) };
  }

  /** Reads the head of one response. */
  async responseHead(): Promise<Omit<RawResponse, "body">> {
    let end: number;
    while ((end = headEnd(this.#unread)) < 0) await this.#readMore();
    const head = latin1((await this.#take(end)).subarray(0, -4));
    const [statusLine = "", ...lines] = head.split("\r\n");
    const [, statusCode = ""] = /^HTTP\/1\.1 ([0-9]{3}) /.exec(statusLine) ?? [];
    if (statusCode === "") throw new Error(`Not a status line: "${statusLine}"`);
    const fields = new Map(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    return { head, statusCode: Number(statusCode), fields };
  }

  /** Reads until the other side closes, and gives what came. */
  async rest(): Promise<Uint8Array<ArrayBuffer>> {
    const pieces = [this.#unread];
    this.#unread = new Uint8Array(0);
    for await (const piece of this.#pieces()) pieces.push(piece);
    return await new Blob(pieces).bytes();
  }

  /** Closes the connection, which a test may do before its scope ends. */
  [Symbol.dispose](): void {
    if (!this.#isClosed) this.#conn.close();
    this.#isClosed = true;
  }

  async *#pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const buffer = new Uint8Array(64 * 1024);
    for (let count; (count = await this.#conn.read(buffer)) !== null;) {
      yield buffer.slice(0, count);
    }
  }

  async #take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#unread.length < count) await this.#readMore();
    const taken = this.#unread.slice(0, count);
    this.#unread = this.#unread.slice(count);
    return taken;
  }

  async #readMore(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    const count = await this.#conn.read(buffer);
    if (count === null) throw new Error(`The connection ended after ${this.#unread.length} bytes`);
    const grown = new Uint8Array(this.#unread.length + count);
    grown.set(this.#unread);
    grown.set(buffer.subarray(0, count), this.#unread.length);
    this.#unread = grown;
  }
}

/** Where a head ends, its empty line included; -1 when it does not. */
function headEnd(octets: Uint8Array): number {
  for (let lf = 0; (lf = octets.indexOf(10, lf) + 1) > 0;) {
    if (octets[lf] === 13 && octets[lf + 1] === 10) return lf + 2;
  }
  return -1;
}

function latin1(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}
