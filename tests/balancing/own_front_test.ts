import { htmlReply } from "../../lib/net/handler.ts";
import { assertEquals } from "@std/assert";
import { OwnFront } from "../../lib/balancing/own_front.ts";
import { Desk } from "../../lib/run/desk.ts";

const NO_CERTIFICATE = { "tls-cert": undefined, "tls-key": undefined };

Deno.test("OwnFront.isListening is so from its opening until it closes", async () => {
  const options = {
    host: "127.0.0.1",
    port: 0,
    "max-connections": 1,
    log: "none",
    grace: 0,
  } as const;
  const handler = () => htmlReply(200, "Here");
  const openDesk = () => new Desk(options, { handler, tell: () => {}, tellError: () => {} });
  const original = Deno.stdout.writeSync;
  Deno.stdout.writeSync = (octets) => octets.length; // It announces where it listens.
  try {
    const front = new OwnFront(openDesk, NO_CERTIFICATE);
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
