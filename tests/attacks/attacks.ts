import { connect } from "node:net";

/** One kind of hostile or careless client, many of it at once; it ends by itself. */
export interface Attack {
  readonly name: string;
  /** Attacks a port, and lets go of all its connections in the end. */
  readonly run: (port: number) => Promise<void>;
  /** Whether it is over in a second or two. */
  readonly isShort?: boolean;
  /** Descriptors that the victim may have; by default plenty. */
  readonly descriptors?: number;
}

const encoder = new TextEncoder();

/** A request for a reply of 10 MB, or for as many replies: what a client that never reads asks. */
export type LargeRequest = { readonly text: string; readonly times: number };

/** What the worker that attacks is told. */
export interface Order {
  readonly name: string;
  readonly port: number;
  readonly large: LargeRequest;
}

/** The attacks, on a role from which `large` asks for about 10 MB. */
export function attacks(large: LargeRequest): Attack[] {
  return [
    { name: "1,000 heads that drip", run: (port) => crowd(1000, port, drip) },
    { name: "1,000 idle connections", run: (port) => crowd(1000, port, holdFor(5000)) },
    {
      name: "500 clients that never read 10 MB",
      run: (port) => crowd(500, port, (conn) => neverRead(conn, large)),
    },
    {
      name: "2,000 connects dropped in mid-head",
      run: (port) => crowd(2000, port, dropInHead),
      isShort: true,
    },
    { name: "2,000 connects that are reset", run: resetMany, isShort: true },
    { name: "200 x 64 KiB of garbage", run: (port) => crowd(200, port, garbage), isShort: true },
    {
      name: "400 connections for 256 descriptors",
      run: (port) => crowd(400, port, holdFor(3000)),
      descriptors: 256,
    },
  ];
}

/** Clients that ask for ever other files that no server has: each target once. */
export const UNIQUE_TARGETS: Attack = {
  name: "10,000 unique missing targets",
  run: async (port) => {
    await Promise.all(Array.from({ length: 1000 }, async () => {
      for (let i = 0; i < 10; i++) await crowd(1, port, askForUnique);
    }));
  },
};

/** Many clients of one behaviour at once. What happens to them is not their fault. */
async function crowd(
  count: number,
  port: number,
  behave: (conn: Deno.TcpConn) => Promise<void>,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, async () => {
    try {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await behave(conn);
    } catch {
      // Refused, reset or closed: the victim may defend itself.
    }
  }));
}

/** One octet of a head a second, until the other side has had enough, or for 13 s. */
async function drip(conn: Deno.TcpConn): Promise<void> {
  const head = encoder.encode(`GET / HTTP/1.1\r\nX: ${"x".repeat(100)}`);
  const ended = conn.read(new Uint8Array(1024)).then(() => true, () => true);
  for (const octet of head.subarray(0, 13)) {
    await conn.write(Uint8Array.of(octet));
    if (await Promise.race([ended, pause(1000).then(() => false)])) return;
  }
}

function holdFor(ms: number): (conn: Deno.TcpConn) => Promise<void> {
  return () => pause(ms);
}

/** Asks for 10 MB and reads nothing for 5 s. */
async function neverRead(conn: Deno.TcpConn, { text, times }: LargeRequest): Promise<void> {
  const requests = encoder.encode(text.repeat(Math.min(times, 100)));
  const asking = (async () => {
    for (let asked = 0; asked < times; asked += 100) await conn.write(requests);
  })().catch(() => {});
  await pause(5000);
  conn.close();
  await asking;
}

async function dropInHead(conn: Deno.TcpConn): Promise<void> {
  await conn.write(encoder.encode("GET /some/file HTTP/1.1\r\nHost: exam"));
}

/** Resets connections before they can be accepted. Deno itself would end them in good order. */
async function resetMany(port: number): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.resetAndDestroy());
      socket.on("error", () => {});
      socket.on("close", () => resolve());
    });
  }
}

async function garbage(conn: Deno.TcpConn): Promise<void> {
  const octets = crypto.getRandomValues(new Uint8Array(64 * 1024));
  for (let sent = 0; sent < octets.length;) sent += await conn.write(octets.subarray(sent));
  await conn.read(new Uint8Array(1024));
}

async function askForUnique(conn: Deno.TcpConn): Promise<void> {
  const request = `GET /${crypto.randomUUID()} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
  await conn.write(encoder.encode(request));
  const octets = new Uint8Array(1024);
  while (await conn.read(octets) !== null);
}

/** Waits; an attack is made of waiting. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
