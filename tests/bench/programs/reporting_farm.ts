// Servers at one port of all loopback addresses that say how busy they are: connections are kept,
// and requests answered with a small test file, by HEAD without it.

const port = Number(Deno.args[0]);
const CONTENT = "a".repeat(1024);
const LOAD = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=1\r\n";
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length}\r\n${LOAD}\r\n`;
const encoder = new TextEncoder();
const [toHead, toGet] = [encoder.encode(HEAD), encoder.encode(HEAD + CONTENT)];
const H = "H".charCodeAt(0);

for await (const conn of Deno.listen({ hostname: "0.0.0.0", port })) void serve(conn);

async function serve(conn: Deno.TcpConn): Promise<void> {
  const request = new Uint8Array(1024);
  try {
    while (await conn.read(request) !== null) await conn.write(request[0] === H ? toHead : toGet);
  } catch {
    // The balancer has gone.
  }
  conn.close();
}
