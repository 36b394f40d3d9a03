// A worker with the number of servers that it is sent: each answers one request a connection with a
// small test file. It sends back the ports on which they listen.

const CONTENT = new Uint8Array(64 * 1024);
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length}\r\nConnection: close\r\n\r\n`;
const ANSWER = new Uint8Array([...new TextEncoder().encode(HEAD), ...CONTENT]);

const scope = self as unknown as {
  onmessage: (event: MessageEvent<number>) => void;
  postMessage: (ports: number[]) => void;
};

scope.onmessage = ({ data: count }) => {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  for (const listener of listeners) serve(listener);
  scope.postMessage(listeners.map(({ addr }) => addr.port));
};

async function serve(listener: Deno.TcpListener): Promise<void> {
  const request = new Uint8Array(1024);
  for await (const conn of listener) {
    try {
      await conn.read(request);
      for (let sent = 0; sent < ANSWER.length;) {
        sent += await conn.write(ANSWER.subarray(sent));
      }
    } catch {
      // The balancer has gone.
    }
    conn.close();
  }
}
