// A peer of the balancer on Node's HTTP server: PORT SERVER...
// It sends each client to one of the servers, picked at random.

import { createServer } from "node:http";
import process from "node:process";

const [port, ...servers] = process.argv.slice(2);

const server = createServer(({ url }, response) => {
  const server = servers[Math.floor(Math.random() * servers.length)];
  const location = `http://${server}${url}`;
  const href = location.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const body = `<!DOCTYPE html>\n<title>301</title>\n<p>The file is here: <a href="${href}">` +
    `${href}</a>\n`;
  response.writeHead(301, {
    "Location": location,
    "Cache-Control": "no-store",
    "Content-Type": "text/html; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
});
server.keepAliveTimeout = 0; // Never.
server.listen({ host: "127.0.0.1", port: Number(port), backlog: 4096 });
