// A peer of the balancer on Deno's own HTTP server: PORT SERVER...
// It sends each client to one of the servers, picked at random.

const [port, ...servers] = Deno.args;

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, ({ url }) => {
  const server = servers[Math.floor(Math.random() * servers.length)];
  const location = `http://${server}${url.slice(url.indexOf("/", "http://".length))}`;
  const href = location.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const body = `<!DOCTYPE html>\n<title>301</title>\n<p>The file is here: <a href="${href}">`;
  return new Response(`${body}${href}</a>\n`, {
    status: 301,
    headers: {
      "location": location,
      "cache-control": "no-store",
      "content-type": "text/html; charset=utf-8",
    },
  });
});
