// A peer of the file server on Deno's own HTTP server: PORT ROOT
// It does what Deno's manual shows: a stat, an open and a stream for each request.

const [port, root] = Deno.args;

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, async ({ url }) => {
  try {
    const file = await Deno.open(`${root}${new URL(url).pathname}`);
    const { size } = await file.stat();
    return new Response(file.readable, {
      headers: { "content-type": "application/octet-stream", "content-length": `${size}` },
    });
  } catch {
    return new Response("Not found\n", { status: 404 });
  }
});
