// The floor under a balancer on Deno.listen: PORT SERVER...
// It accepts, reads, finds the end of each head, picks a server at random, writes, and keeps the
// connection or closes it. It checks next to nothing, has no deadlines and no log, and does not
// linger when it closes: what it takes is the runtime's share of a redirect, with a correct answer.

import { print } from "../../../lib/log/console.ts";

const [port, ...servers] = Deno.args;

const BACKLOG = 4096;
const BUFFER_BYTES = 16 * 1024;
/** Longer targets do not occur in a benchmark; the connection is closed. */
const MAX_TARGET = 1024;
/** An answer without its two copies of the target, rounded up. */
const MAX_REST = 512;
const SPACE = 0x20;
const LF = 0x0a;
const CONNECTION_CLOSE = "connection: close\r";

const encoder = new TextEncoder();
let answers = prepare();
setInterval(() => answers = prepare(), 1000); // for the date

/** Buffers of connections that have ended. */
const idleBuffers: { input: Uint8Array; output: Uint8Array }[] = [];

const listener = Deno.listen(
  { hostname: "127.0.0.1", port: Number(port), tcpBacklog: BACKLOG } as Deno.TcpListenOptions,
);
print("listening");
for await (const connection of listener) serve(connection);

/** What comes before, between and after the two copies of the target, for each server. */
function prepare() {
  const date = new Date().toUTCString();
  return servers.map((server) => {
    const url = `http://${server}`;
    const head = "HTTP/1.1 301 Moved Permanently\r\n" +
      `Date: ${date}\r\nContent-Type: text/html; charset=utf-8\r\n` +
      `Cache-Control: no-store\r\nLocation: ${url}`;
    const page = encoder.encode(`\r\n\r\n<a href="${url}`);
    const end = encoder.encode('">here</a>\n');
    const bodyBytes = page.length - 4 + end.length;
    return { head: encoder.encode(head), page, end, bodyBytes };
  });
}

async function serve(connection: Deno.TcpConn): Promise<void> {
  const buffers = idleBuffers.pop() ??
    { input: new Uint8Array(BUFFER_BYTES), output: new Uint8Array(BUFFER_BYTES) };
  const { input, output } = buffers;
  try {
    let have = 0;
    for (let writes = 0;;) {
      const count = await connection.read(input.subarray(have));
      if (count === null) return;
      have += count;
      for (let isFull = true; isFull;) {
        const { read, written, mustClose, ...rest } = answer(input.subarray(0, have), output);
        if (writes++ === 1) connection.setNoDelay(); // The first write never has to wait.
        for (let sent = 0; sent < written;) {
          sent += await connection.write(output.subarray(sent, written));
        }
        if (mustClose || have - read === BUFFER_BYTES) return;
        if (read < have) input.copyWithin(0, read, have);
        have -= read;
        isFull = rest.isFull;
      }
    }
  } catch {
    // The client has gone.
  } finally {
    connection.close();
    idleBuffers.push(buffers);
  }
}

/** Answers all complete heads that there is room for, up to one that asks for a close. */
function answer(input: Uint8Array, output: Uint8Array) {
  let read = 0, written = 0, lineStart = 0, asksForClose = false;
  for (let lineEnd; (lineEnd = input.indexOf(LF, lineStart)) !== -1; lineStart = lineEnd + 1) {
    if (lineEnd - lineStart > 1) {
      asksForClose ||= isConnectionClose(input, lineStart, lineEnd);
      continue;
    }
    const targetStart = input.indexOf(SPACE, read) + 1;
    const target = input.subarray(targetStart, input.indexOf(SPACE, targetStart));
    const isTooLong = target.length > MAX_TARGET;
    const isFull = written + 2 * target.length + MAX_REST > output.length;
    if (isTooLong || isFull) return { read, written, mustClose: isTooLong, isFull };
    written = write(output, written, target, asksForClose);
    read = lineEnd + 1;
    if (asksForClose) return { read, written, mustClose: true, isFull: false };
  }
  return { read, written, mustClose: false, isFull: false };
}

/** Whether a line is `Connection: close`, in letters of any case. */
function isConnectionClose(input: Uint8Array, start: number, end: number): boolean {
  if (end - start !== CONNECTION_CLOSE.length) return false;
  for (let i = 0; i < CONNECTION_CLOSE.length - 1; i++) {
    if ((input[start + i]! | 0x20) !== CONNECTION_CLOSE.charCodeAt(i)) return false;
  }
  return true;
}

/** Writes one redirect to a server picked at random; returns where it ends. */
function write(output: Uint8Array, at: number, target: Uint8Array, mustClose: boolean): number {
  const { head, page, end, bodyBytes } = answers[Math.floor(Math.random() * answers.length)]!;
  const close = mustClose ? "\r\nConnection: close" : "";
  const framing = `\r\nContent-Length: ${bodyBytes + target.length}${close}`;
  at = copy(output, at, head);
  at = copy(output, at, target);
  at += encoder.encodeInto(framing, output.subarray(at)).written;
  at = copy(output, at, page);
  at = copy(output, at, target);
  return copy(output, at, end);
}

function copy(output: Uint8Array, at: number, bytes: Uint8Array): number {
  output.set(bytes, at);
  return at + bytes.length;
}
