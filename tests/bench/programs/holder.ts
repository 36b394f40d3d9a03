// Opens COUNT connections to PORT of 127.0.0.1, asks once for PATH on each, and holds them until it
// is killed. Once all are answered it writes to FILE, every 100 ms, how many are still open.

const [port = "", path = "/", count = "1", file = ""] = Deno.args;
const AT_A_TIME = 100;
const REPORT_INTERVAL_MS = 100;

const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
const connections: Deno.TcpConn[] = [];
let open = 0;

for (let left = Number(count); left > 0; left -= AT_A_TIME) {
  await Promise.all(Array.from({ length: Math.min(left, AT_A_TIME) }, openOne));
}
setInterval(() => Deno.writeTextFileSync(file, `${open}\n`), REPORT_INTERVAL_MS);

async function openOne(): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  connections.push(connection);
  await connection.write(request);
  const buffer = new Uint8Array(2048);
  if (await connection.read(buffer) === null) return;
  open++;
  // The end comes when the server closes: until then it is held.
  watch(connection, buffer);
}

async function watch(connection: Deno.TcpConn, buffer: Uint8Array): Promise<void> {
  try {
    while (await connection.read(buffer) !== null);
  } finally {
    open--;
  }
}
