import { HandshakeError } from "../../lib/net/network_error.ts";
import { dial } from "../../lib/net/dial.ts";
import { monotonicMs } from "../../lib/net/deadlines.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { textOf } from "../support/feed.ts";
import { RawServer } from "../support/raw_peer.ts";
import { AUTHORITY, EXPIRED, SERVER } from "../support/tls.ts";

const TRUSTING = { caCerts: [await Deno.readTextFile(AUTHORITY)] };

/** A server that says hello to whoever trusts its certificate. */
function tlsServer({ cert, key }: { cert: string; key: string }) {
  const [certText, keyText] = [cert, key].map((file) => Deno.readTextFileSync(file));
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certText!,
    key: keyText!,
  });
  const serving = (async () => {
    for await (const conn of listener) {
      await conn.write(new TextEncoder().encode("hello")).catch(() => {});
      conn.close();
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await serving.catch(() => {});
    },
  };
}

async function refusal(hostname: string, port: number, tls = TRUSTING, timeoutMs = 10_000) {
  const error = await assertRejects(() => dial(hostname, port, timeoutMs, tls), HandshakeError);
  return [error.message, error.isRefusal];
}

Deno.test("dial() over TLS talks to a server that proves its name", async () => {
  await using server = tlsServer(SERVER);
  for (const hostname of ["localhost", "127.0.0.1"]) {
    const connection = await dial(hostname, server.port, 10_000, TRUSTING);
    await connection.fill("idle", monotonicMs() + 10_000);
    assertEquals(textOf(connection.input.bytes), "hello");
    connection.close();
  }
});

Deno.test("dial() over TLS turns Nagle's algorithm off before the handshake", async () => {
  await using server = tlsServer(SERVER);
  const original = Deno.connect;
  const delays: (boolean | undefined)[] = [];
  try {
    Deno.connect = (async (options: Deno.ConnectOptions) => {
      const conn = await original(options);
      const setNoDelay = conn.setNoDelay.bind(conn);
      conn.setNoDelay = (...args) => {
        delays.push(...args.length === 0 ? [undefined] : args);
        setNoDelay(...args);
      };
      return conn;
    }) as typeof Deno.connect;
    (await dial("127.0.0.1", server.port, 10_000, TRUSTING)).close();
  } finally {
    Deno.connect = original;
  }
  assertEquals(delays, [undefined]); // Its default is to set it.
});

Deno.test("dial() over TLS says in words what is wrong with a certificate", async () => {
  await using server = tlsServer(SERVER);
  const nobody = { caCerts: [] };
  assertEquals(await refusal("localhost", server.port, nobody), [
    "its certificate is signed by nobody who is trusted here",
    true,
  ]);
  await using expired = tlsServer(EXPIRED);
  assertEquals(await refusal("localhost", expired.port), ["its certificate has expired", true]);
});

Deno.test("dial() over TLS tells a server that speaks none, or is silent", async () => {
  // Deno lets go of a socket in the midst of a handshake only when the other side does.
  await using silent = new RawServer(() => new Promise((resolve) => setTimeout(resolve, 500)));
  await using talkative = new RawServer((peer) =>
    peer.sendLast("HTTP/1.1 400 Bad Request\r\n\r\n")
  );
  assertEquals(await refusal("127.0.0.1", talkative.port), ["it does not speak TLS", true]);
  assertEquals(await refusal("127.0.0.1", silent.port, TRUSTING, 100), [
    "the TLS handshake did not end in time",
    false,
  ]);
});
