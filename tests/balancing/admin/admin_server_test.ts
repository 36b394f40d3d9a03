import { assertEquals, assertMatch } from "@std/assert";
import { AdminServer } from "../../../lib/balancing/admin/admin.ts";
import { RawClient } from "../../support/raw_client.ts";
import { HandTicker } from "./hand_ticker.ts";
import { farmStatus, whyDocument } from "./made_up_farm.ts";

const ADDRESS = { hostname: "127.0.0.1", port: 0, isLoopback: true };

Deno.test("AdminServer tells of what goes wrong, and goes on", async () => {
  const logged: string[] = [];
  const errors: unknown[] = [];
  const logger = {
    info: (words: string) => void logged.push(words),
    error: (error: unknown) => void errors.push(error),
  };
  const [badTick, badStatus] = [new Error("no tick"), new Error("no status")];
  let isBad = true;
  const status = {
    tick: () => {
      if (isBad) throw badTick;
    },
    status: () => {
      if (isBad) throw badStatus;
      return farmStatus();
    },
  };
  const ticker = new HandTicker();
  const server = new AdminServer(ADDRESS, status, () => whyDocument(), logger, ticker.start);
  const [, port] = /^the farm is shown at http:\/\/127\.0\.0\.1:(\d+)\/$/.exec(logged[0]!)!;
  using client = await RawClient.connect(Number(port));
  await client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assertEquals((await client.responseHead()).statusCode, 200);
  assertEquals(errors, [badStatus]);
  ticker.pass();
  await Promise.resolve();
  assertEquals(errors, [badStatus, badTick, badStatus]);
  isBad = false;
  ticker.pass();
  const closed = server.close();
  assertMatch(new TextDecoder().decode(await client.rest()), /"redirects":1234/);
  await closed;
  assertEquals([errors.length, ticker.listeners], [3, 0]);
});
