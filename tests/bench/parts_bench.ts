// How long the pure parts take, beside the platform's own objects doing the same.

import { parseServer } from "../../lib/balancing/list/server.ts";
import { POLICIES, POLICY_NAMES, type PolicyName } from "../../lib/balancing/policies.ts";
import { fieldSection } from "../../lib/http/fields.ts";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { ReceiveBuffer } from "../../lib/http/receive_buffer.ts";
import { requestHeadReader } from "../../lib/http/request.ts";
import { writeResponseHead } from "../../lib/http/response.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { arrive } from "../support/feed.ts";

const CURL = encodeLatin1(
  "GET /files/release-1.2.3.iso HTTP/1.1\r\nHost: localhost:8080\r\n" +
    "User-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n",
);

const BROWSER = encodeLatin1(
  "GET /files/release-1.2.3.iso?mirror=any HTTP/1.1\r\nHost: files.example.org\r\n" +
    "Connection: keep-alive\r\nCache-Control: max-age=0\r\n" +
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\nsec-ch-ua-mobile: ?0\r\n' +
    "Upgrade-Insecure-Requests: 1\r\n" +
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36\r\n" +
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n" +
    "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nAccept-Encoding: gzip, deflate, br\r\n" +
    "Accept-Language: en-GB,en;q=0.9\r\n\r\n",
);

const reader = requestHeadReader();
const buffer = new ReceiveBuffer();

/** Reads a head as a connection does on which it arrives. */
function readHead(octets: Uint8Array): void {
  arrive(buffer, octets);
  reader.read(buffer);
}

Deno.bench("read a head of curl", { group: "head of curl" }, () => {
  readHead(CURL);
});
Deno.bench("the same as Request, Headers, URL", { group: "head of curl", baseline: true }, () => {
  platformRequest(CURL);
});
Deno.bench("read a head of a browser", { group: "head of a browser" }, () => {
  readHead(BROWSER);
});
Deno.bench(
  "the same as Request, Headers, URL",
  { group: "head of a browser", baseline: true },
  () => {
    platformRequest(BROWSER);
  },
);

/** What a server on the platform's objects makes of the same octets, unchecked. */
function platformRequest(octets: Uint8Array): string {
  const [requestLine = "", ...lines] = new TextDecoder().decode(octets).trimEnd().split("\r\n");
  const [method = "", target = ""] = requestLine.split(" ");
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  const request = new Request(`http://${headers.get("host")}${target}`, { method, headers });
  return new URL(request.url).pathname;
}

for (const count of [3, 10_000]) {
  for (const name of POLICY_NAMES) {
    const pool = poolOf(count, name);
    // As the balancer asks: one object for all requests.
    const asked = { client: "192.0.2.1", target: "/", random: 0, monotonicMs: 0 };
    Deno.bench(`pick one of ${count} by ${name}`, { group: `pick of ${count}` }, () => {
      asked.random = Math.random();
      asked.monotonicMs += 0.01;
      pool.pick(asked);
    });
  }
}

function poolOf(
  count: number,
  name: PolicyName,
  callSoon?: (call: () => void) => void,
): ChoosingPool {
  const servers = Array.from({ length: count }, (_, i) => parseServer(`server-${i}x:8000`));
  const pool = new ChoosingPool(servers, POLICIES[name](), undefined, callSoon);
  for (const [i, server] of servers.entries()) {
    const sample = { bytes: 1_000_000, elapsedMs: i + 1, at: 0 };
    pool.record(server, { kind: "passed", sample }, 0);
  }
  pool.endRound(0);
  return pool;
}

/** Half a large farm dies, a server after the other, with 50 of them in the same moment. */
for (const name of ["rank", "speed", "expected"] as const) {
  Deno.bench(`5,000 of 10,000 servers leave, by ${name}`, { group: "leave", n: 5 }, (bench) => {
    const updates: (() => void)[] = [];
    const pool = poolOf(10_000, name, (update) => updates.push(update));
    const { servers } = pool;
    bench.start();
    for (const [i, server] of servers.slice(0, 5000).entries()) {
      const failed = { kind: "failed", reason: "refused", fault: "refused", at: 0 } as const;
      pool.record(server, failed, i);
      if (i % 50 === 49) { for (const update of updates.splice(0)) update(); }
    }
    bench.end();
  });
}

const redirectFields = [
  ["Date", "Sun, 06 Nov 1994 08:49:37 GMT"],
  ["Location", "http://localhost:8001/files/release-1.2.3.iso"],
  ["Cache-Control", "no-store"],
  ["Content-Length", "333"],
] as const;
Deno.bench("write the head of a redirect", { group: "write" }, () => {
  writeResponseHead(301, fieldSection(redirectFields));
});
Deno.bench("the same as Response", { group: "write", baseline: true }, () => {
  new Response(null, { status: 301, headers: redirectFields as unknown as [string, string][] });
});
