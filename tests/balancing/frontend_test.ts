import { assertEquals } from "@std/assert";
import { OwnFrontend } from "../../lib/balancing/frontend.ts";
import { htmlReply } from "../../lib/net/handler.ts";
import { HttpServer } from "../../lib/process/http_server.ts";

Deno.test("OwnFrontend.isListening is so from its opening until it closes", async () => {
  const options = {
    host: "127.0.0.1",
    port: 0,
    "max-connections": 1,
    log: "none",
    grace: 0,
  } as const;
  const handler = () => htmlReply(200, "Here");
  const openServer = () => new HttpServer(options, { handler, info: () => {}, logError: () => {} });
  const original = Deno.stdout.writeSync;
  Deno.stdout.writeSync = (octets) => octets.length; // It announces where it listens.
  try {
    const front = new OwnFrontend(openServer, undefined);
    assertEquals(front.isListening, false);
    await front.open();
    assertEquals(front.isListening, true);
    const stop = AbortSignal.abort();
    await front.serveUntil(stop);
    assertEquals(front.isListening, true);
    const closed = front.close(stop);
    assertEquals(front.isListening, false);
    await closed;
    assertEquals(front.isListening, false);
  } finally {
    Deno.stdout.writeSync = original;
  }
});
