// A peer on Deno's own HTTP server, as a balancer or as a file server:
// PORT redirect SERVER..., each client to one of the servers, picked at random
// PORT files ROOT, as Deno's manual shows it: a stat, an open and a stream for each request

const [port, mode, ...operands] = Deno.args;
const handler = mode === "redirect" ? redirect : sendFile;
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, handler);

function redirect({ url }: Request): Response {
  const server = operands[Math.floor(Math.random() * operands.length)];
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
}

async function sendFile({ url }: Request): Promise<Response> {
  try {
    const file = await Deno.open(`${operands[0]}${new URL(url).pathname}`);
    const { size } = await file.stat();
    return new Response(file.readable, {
      headers: { "content-type": "application/octet-stream", "content-length": `${size}` },
    });
  } catch {
    return new Response("Not found\n", { status: 404 });
  }
}
